package macaroon

import (
	"encoding/json"
	"fmt"
)

// caveatJSON is a caveat as flyctl prints and reads it.
type caveatJSON struct {
	Type string `json:"type"`
	Body any    `json:"body"`
}

// CaveatsJSON returns caveats in the shape of `flyctl tokens debug`: an array of
// objects with a type and a body. Third parties' VerifierKey and Ticket are left
// out.
func CaveatsJSON(caveats []Caveat) ([]byte, error) {
	out, err := json.Marshal(caveatsJSON(caveats))
	if err != nil {
		return nil, fmt.Errorf("macaroon: write JSON: %w", err)
	}
	return out, nil
}

func caveatsJSON(caveats []Caveat) []caveatJSON {
	list := make([]caveatJSON, len(caveats))
	for i, c := range caveats {
		list[i] = caveatJSON{Type: c.kind().String(), Body: bodyJSON(c)}
	}
	return list
}

func bodyJSON(c Caveat) any {
	known := c.kind().known()
	switch c := c.(type) {
	case IfPresent:
		return map[string]any{"ifs": caveatsJSON(c.Ifs), "else": c.Else}
	case ThirdParty:
		return map[string]string{"Location": c.Location}
	case Resources:
		return map[string]any{known.key: c.Allowed}
	case Apps, Mutations:
		return map[string]any{known.key: c}
	case Other:
		if known.read == nil {
			return c.Body
		}
		return known.read(&reader{buf: c.Body})
	default:
		return c
	}
}
