package flyconfig

import (
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// loginKey is the key of config.yml that holds the login (superfly/flyctl,
// internal/config: AccessTokenFileKey).
const loginKey = "access_token"

// parseLogin reads the token out of the text of config.yml. Its errors name the
// line and the length, and never quote the content.
//
// The text is parsed only into nodes. Decoding compares each key with every
// other, and its error for a megabyte of equal keys takes gigabytes.
func parseLogin(path string, data []byte) (token.Token, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		// The error itself is dropped, because yaml.v3 quotes the content.
		return token.Token{}, malformed(path, nearLine(err))
	}
	value, err := loginValue(&root)
	if err != nil {
		return token.Token{}, malformed(path, " "+err.Error())
	}
	if strings.TrimSpace(value) == "" {
		return token.Token{}, &token.MissError{
			Reason: "not logged in: " + path + " has no access_token",
			Fix:    "run `fly auth login`",
		}
	}
	t, err := token.Parse(value)
	if err != nil {
		return token.Token{}, &token.MissError{
			Reason: fmt.Sprintf("access_token in %s is %v", path, err),
			Fix:    "run `fly auth login`",
			Cause:  errors.Join(errTorn, err),
		}
	}
	return t, nil
}

func malformed(path, where string) error {
	return &token.MissError{
		Reason: path + " is malformed" + where,
		Fix:    "fix it, or run `fly auth login`",
		Cause:  errTorn,
	}
}

// loginValue finds access_token in the document, "" where there is none. Its
// error names only the line.
func loginValue(root *yaml.Node) (string, error) {
	if root.Kind != yaml.DocumentNode {
		return "", nil // Only comments.
	}
	top := root.Content[0]
	if top.Kind == yaml.ScalarNode && top.ShortTag() == "!!null" {
		return "", nil
	}
	if top.Kind != yaml.MappingNode {
		return "", fmt.Errorf("at line %d", top.Line)
	}
	var found *yaml.Node
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Value != loginKey {
			continue
		}
		if found != nil {
			return "", fmt.Errorf("at line %d", key.Line)
		}
		found = value
	}
	if found != nil && found.Kind == yaml.AliasNode {
		found = found.Alias
	}
	switch {
	case found == nil || found.ShortTag() == "!!null":
		return "", nil
	case found.Kind != yaml.ScalarNode:
		return "", fmt.Errorf("at line %d", found.Line)
	default:
		return found.Value, nil
	}
}

// nearLine names the line in an error of yaml.v3. It says "near" because yaml.v3
// counts lines from zero in some syntax errors and from one in others. A line that
// is quoted from the file comes later in the error and does not match.
func nearLine(err error) string {
	var line int
	if _, err := fmt.Sscanf(err.Error(), "yaml: line %d:", &line); err != nil {
		return ""
	}
	return fmt.Sprintf(" near line %d", line)
}
