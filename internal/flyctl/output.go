package flyctl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// parseOutput reads the token that flyctl printed on stdout: a scheme and a
// bundle of macaroons, and nothing else. Help texts and notices come with exit
// status 0 too, so what does not read as a token is none. The error is a
// [*token.MissError] that describes the output by its length alone.
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
		miss.Reason, miss.Temporary = "flyctl printed nothing, and reported success", true
	case isHelp(stdout):
		miss.Reason = fmt.Sprintf("flyctl printed its help instead of a token (%d bytes): it is too old", len(stdout))
		miss.Fix = "update flyctl"
	}
	return token.Token{}, miss
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
			return token.Token{}, errors.New("an OAuth token is among what flyctl minted")
		}
	}
	return t, nil
}

// isHelp reports whether text is the help of a flyctl that does not know the
// command, as superfly/flyctl prints it by way of spf13/cobra.
func isHelp(text []byte) bool {
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "Usage:" || line == "USAGE" {
			return true
		}
	}
	return false
}
