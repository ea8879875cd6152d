package provider_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mintedIn lists the minted records in a storage folder: each is its document's
// path and its key.
func mintedIn(t *testing.T, storage string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(storage, "apps", "*", "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		for key := range as[map[string]any](t, readState(t, file)["records"]) {
			found = append(found, file+" "+key)
		}
	}
	return found
}

func readState(t *testing.T, path string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	state := map[string]any{}
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	if err := decoder.Decode(&state); err != nil {
		t.Fatal(err)
	}
	return state
}

// editState changes a state document without the store.
func editState(t *testing.T, path string, change func(state map[string]any)) {
	t.Helper()
	state := readState(t, path)
	change(state)
	data, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(data))
}
