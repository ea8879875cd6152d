package fakefly

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Call records one call of a fake.
type Call struct {
	// Began is the start of the call.
	Began time.Time
	// PID is the number of its process.
	PID int
	// Args are its arguments, without its own name.
	Args []string
	// Env holds the names of its environment variables, sorted.
	Env []string
	// Fly holds the values of the FLY_ variables, those with a token left out.
	Fly map[string]string
	// Login is the fingerprint of the token in FLY_ACCESS_TOKEN, "" for none.
	Login string
	// Dir is its working directory, Mode that folder's mode, and Entries its
	// content.
	Dir     string
	Mode    fs.FileMode
	Entries []string
	// StdinEmpty means that stdin was at its end.
	StdinEmpty bool
}

// record writes the call to the fake's folder.
func record(folder string) error {
	c := Call{
		Began: time.Now(), PID: os.Getpid(), Args: os.Args[1:],
		Fly: map[string]string{}, StdinEmpty: stdinEmpty(),
	}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		c.Env = append(c.Env, name)
		if strings.HasPrefix(name, "FLY_") && !strings.HasSuffix(name, "TOKEN") {
			c.Fly[name] = value
		}
	}
	slices.Sort(c.Env)
	if t, err := token.Parse(os.Getenv("FLY_ACCESS_TOKEN")); err == nil {
		c.Login = t.Fingerprint()
	}
	var err error
	if c.Dir, err = os.Getwd(); err != nil {
		return err
	}
	info, err := os.Stat(c.Dir)
	if err != nil {
		return err
	}
	c.Mode = info.Mode().Perm()
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		c.Entries = append(c.Entries, e.Name())
	}
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return writeWhole(filepath.Join(folder, callsDir, fmt.Sprintf("%d-%d.json", c.PID, c.Began.UnixNano())), data)
}

// stdinEmpty reports whether stdin ends within a second.
func stdinEmpty() bool {
	ended := make(chan bool, 1)
	go func() {
		n, err := os.Stdin.Read(make([]byte, 1))
		ended <- n == 0 && err == io.EOF
	}()
	select {
	case yes := <-ended:
		return yes
	case <-time.After(time.Second):
		return false
	}
}
