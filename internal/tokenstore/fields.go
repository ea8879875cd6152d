package tokenstore

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
)

// schemaVersion is raised if providers with an older version must not change
// the document. A new field that they may ignore needs no new version, because
// unknown fields are kept.
const schemaVersion = 1

// fields are those of a JSON object. Names are matched exactly, unlike in
// encoding/json's structs.
type fields map[string]json.RawMessage

// take moves the field into the value and out of the map. A missing field
// leaves the value unchanged.
func (f fields) take(name string, into any) error {
	raw, ok := f[name]
	delete(f, name)
	if !ok || bytes.Equal(raw, []byte("null")) {
		return nil
	}
	// The error of json.Unmarshal may quote the value.
	if json.Unmarshal(raw, into) != nil {
		return fmt.Errorf("%w: its %q is of the wrong type", errMalformed, name)
	}
	return nil
}

func (f fields) put(name string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("tokenstore: encode %s: %w", name, err)
	}
	f[name] = raw
	return nil
}

// object reads a JSON object. The error wraps [errMalformed].
func object(data []byte) (fields, error) {
	var all fields
	if json.Unmarshal(data, &all) != nil || all == nil {
		return nil, fmt.Errorf("%w: its %d bytes are not one JSON object", errMalformed, len(data))
	}
	return all, nil
}

// unseal reads a document and checks that it belongs to the app. The error
// wraps [errMalformed] or [ErrNewerSchema], and never quotes the content.
func unseal(data []byte, app string) (fields, error) {
	if len(data) > MaxDocument {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", errMalformed, MaxDocument)
	}
	all, err := object(data)
	if err != nil {
		return nil, err
	}
	schema, of := 0, ""
	if err := all.take("schema", &schema); err != nil {
		return nil, err
	}
	switch {
	case schema > schemaVersion:
		return nil, fmt.Errorf("%w: schema %d, where this version knows %d", ErrNewerSchema, schema, schemaVersion)
	case schema != schemaVersion:
		return nil, fmt.Errorf("%w: it has no schema version", errMalformed)
	}
	if err := all.take("app", &of); err != nil {
		return nil, err
	}
	if of != app {
		return nil, fmt.Errorf("%w: it is not a document of app %q", errMalformed, app)
	}
	return all, nil
}

// seal writes the form that [unseal] reads, with a new random value. No two
// writes have equal content, so a backend can distinguish them.
func seal(all fields, app string) ([]byte, error) {
	for name, value := range map[string]any{"schema": schemaVersion, "app": app, "write": rand.Text()} {
		if err := all.put(name, value); err != nil {
			return nil, err
		}
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("tokenstore: encode document: %w", err)
	}
	return append(data, '\n'), nil
}

// sameWrite reports whether two contents come from one write. A backend may
// have reformatted the JSON.
func sameWrite(a, b []byte) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return written(a) != "" && written(a) == written(b)
}

func written(data []byte) (id string) {
	all, err := object(data)
	if err != nil || all.take("write", &id) != nil {
		return ""
	}
	return id
}
