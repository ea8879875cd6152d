package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// framework is the module whose version is reported with Go's.
const framework = "github.com/hashicorp/terraform-plugin-framework"

// setting describes the measured programs, the machine and the time.
type setting struct {
	Date      string `json:"date"`
	Engine    string `json:"engine"`
	Go        string `json:"go"`
	Framework string `json:"framework"`
	Provider  string `json:"provider"`
	System    string `json:"system"`
	Cores     int    `json:"cores"`
	// CPU is the processor's model, "" if unknown.
	CPU string `json:"cpu,omitempty"`
}

// describe reads the setting, with the versions from the built programs.
func (b *bench) describe(ctx context.Context) (setting, error) {
	built, err := buildinfo.ReadFile(b.programs.ours.path)
	if err != nil {
		return setting{}, fmt.Errorf("read the versions in the provider: %w", err)
	}
	version, err := b.version(ctx)
	if err != nil {
		return setting{}, err
	}
	s := setting{
		Date:     time.Now().UTC().Format(time.DateOnly),
		Engine:   b.engine.String(),
		Go:       strings.TrimPrefix(built.GoVersion, "go"),
		Provider: version,
		System:   runtime.GOOS + "/" + runtime.GOARCH,
		Cores:    runtime.NumCPU(),
		CPU:      processor(),
	}
	for _, module := range built.Deps {
		if module.Path == framework {
			s.Framework = strings.TrimPrefix(module.Version, "v")
		}
	}
	return s, nil
}

// processor returns the processor's model on Linux, otherwise "".
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range bytes.Lines(info) {
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && string(bytes.TrimSpace(name)) == "model name" {
			return string(bytes.TrimSpace(value))
		}
	}
	return ""
}

// String returns the line above the table.
func (s setting) String() string {
	machine := fmt.Sprintf("%s, %s", s.System, many(s.Cores, "core"))
	if s.CPU != "" {
		machine += ", " + s.CPU
	}
	return fmt.Sprintf("%s, Go %s, terraform-plugin-framework %s, provider %s, on %s; %s.", s.Engine, s.Go, s.Framework, s.Provider, machine, s.Date)
}
