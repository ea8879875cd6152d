package flyctl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// parseOutput reads the token that flyctl printed on stdout: a scheme and a
// bundle of macaroons, and nothing else. The exit status of help texts and
// notices is also 0, so the output must parse as a token. The error is a
// [*token.MissError] that gives only the length of the output.
func parseOutput(stdout []byte) (token.Token, error) {
	t, err := readToken(string(stdout))
	if err == nil {
		return t, nil
	}
	miss := &token.MissError{
		Reason: fmt.Sprintf("flyctl printed something that is not a token (%d bytes)", len(stdout)),
		Fix:    "check that cli.path is flyctl, and update it",
		Cause:  err,
	}
	switch {
	case len(stdout) == 0:
		miss.Reason, miss.Temporary = "flyctl reported success but printed nothing", true
	case isHelp(stdout):
		miss.Reason = fmt.Sprintf("flyctl printed its help instead of a token (%d bytes): it is too old", len(stdout))
		miss.Fix = "update flyctl"
		return token.Token{}, miss
	}
	return token.Token{}, uncertain(miss)
}

func readToken(text string) (token.Token, error) {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return token.Token{}, errors.New("no text")
	}
	last := len(fields) - 1
	for i, field := range fields[:last] {
		if !strings.EqualFold(field, "FlyV1") && !strings.EqualFold(field, "Bearer") {
			return token.Token{}, fmt.Errorf("word %d of %d is neither a scheme nor the last", i+1, len(fields))
		}
	}
	t, err := token.Parse(fields[last])
	if err != nil {
		return token.Token{}, err
	}
	for part := range strings.SplitSeq(t.Reveal(), ",") {
		if strings.HasPrefix(part, "fo1_") {
			return token.Token{}, errors.New("flyctl minted an OAuth token")
		}
	}
	return t, nil
}

// isHelp reports whether text is the help that a flyctl without the command
// prints, through spf13/cobra.
func isHelp(text []byte) bool {
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "Usage:" || line == "USAGE" {
			return true
		}
	}
	return false
}
