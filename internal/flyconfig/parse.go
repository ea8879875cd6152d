package flyconfig

import (
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// document is what is read of config.yml (superfly/flyctl, internal/config).
type document struct {
	AccessToken string `yaml:"access_token"`
}

// parseLogin reads the token out of the text of config.yml. Its errors tell of
// the text by line and length, never by content.
func parseLogin(path string, data []byte) (token.Token, error) {
	var doc document
	if err := yaml.Unmarshal(data, &doc); err != nil {
		// The error itself is dropped: yaml.v3 quotes what it stumbled over.
		return token.Token{}, &token.MissError{
			Reason: path + " is malformed" + nearLine(err),
			Fix:    "mend it, or run `fly auth login`",
			Cause:  errTorn,
		}
	}
	if strings.TrimSpace(doc.AccessToken) == "" {
		return token.Token{}, &token.MissError{
			Reason: "not logged in: " + path + " holds no access_token",
			Fix:    "run `fly auth login`",
		}
	}
	t, err := token.Parse(doc.AccessToken)
	if err != nil {
		return token.Token{}, &token.MissError{
			Reason: fmt.Sprintf("access_token in %s is %v", path, err),
			Fix:    "run `fly auth login`",
			Cause:  errTorn,
		}
	}
	return t, nil
}

// linePattern finds where yaml.v3 says that it failed. It is anchored, so that
// a line that is quoted from the file is not taken for it.
var linePattern = regexp.MustCompile(`\A(?:yaml: |yaml: unmarshal errors:\n  )line (\d+): `)

// nearLine names that line. It says "near": yaml.v3 counts the lines of a syntax
// error from zero or from one, depending on which of its parts found it.
func nearLine(err error) string {
	m := linePattern.FindStringSubmatch(err.Error())
	if m == nil {
		return ""
	}
	return " near line " + m[1]
}
