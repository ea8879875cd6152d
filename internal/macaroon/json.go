package macaroon

import (
	"encoding/json"
	"fmt"
	"math/big"
)

// Keys selects whether JSON holds the keys of third parties' caveats.
type Keys bool

const (
	// WithoutKeys leaves VerifierKey and Ticket out.
	WithoutKeys Keys = false
	// WithKeys writes everything that `flyctl tokens debug` writes.
	WithKeys Keys = true
)

// caveatJSON is a caveat as flyctl prints and reads it.
type caveatJSON struct {
	Type string `json:"type"`
	Body any    `json:"body"`
}

// CaveatsJSON returns caveats in the shape of `flyctl tokens debug`: an array of
// objects with a type and a body.
func CaveatsJSON(caveats []Caveat, keys Keys) ([]byte, error) {
	return marshal(caveatsJSON(caveats, keys))
}

func marshal(v any) ([]byte, error) {
	out, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("macaroon: write JSON: %w", err)
	}
	return out, nil
}

func caveatsJSON(caveats []Caveat, keys Keys) []caveatJSON {
	list := make([]caveatJSON, len(caveats))
	for i, c := range caveats {
		list[i] = caveatJSON{Type: c.kind().String(), Body: bodyJSON(c, keys)}
	}
	return list
}

func bodyJSON(c Caveat, keys Keys) any {
	switch c := c.(type) {
	case IfPresent:
		return map[string]any{"ifs": caveatsJSON(c.Ifs, keys), "else": c.Else}
	case ThirdParty:
		body := map[string]any{"Location": c.Location}
		if keys == WithKeys {
			body["VerifierKey"], body["Ticket"] = c.VerifierKey, c.Ticket
		}
		return body
	case GoogleUserID:
		return new(big.Int).SetBytes(c)
	case Unknown:
		return c.Body
	}
	if key := c.kind().known().key; key != "" {
		return map[string]any{key: c}
	}
	return c
}
