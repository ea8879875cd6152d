package token

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	// byteOrderMark is the mark that some editors put in front of a text.
	byteOrderMark = "\ufeff"
	// quotationMarks are those that people and word processors put around a value.
	quotationMarks = "\"'`\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"
)

// assignment is NAME= of a shell or a .env file, with what follows up to the token.
var assignment = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^[A-Z_][A-Z0-9_]*=["']?(FlyV1|Bearer)?$`)
})

// knownPrefix finds the beginning of a token.
var knownPrefix = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(fm2|fm1r|fm1a|fo1)_`)
})

// checkStart reports text that was copied in front of a token. The error
// describes the text and never quotes it. White space is already removed.
func checkStart(s string) error {
	first, _ := utf8.DecodeRuneInString(s)
	at := knownPrefix().FindStringIndex(s)
	if strings.ContainsRune(quotationMarks, first) {
		return errors.New("it is in quotation marks: set the token without them")
	}
	if at == nil || at[0] == 0 {
		return nil
	}
	before := strings.TrimRight(s[:at[0]], quotationMarks)
	before = strings.TrimSuffix(before, byteOrderMark)
	switch lower := strings.ToLower(before); {
	case strings.HasSuffix(before, ","):
		return nil
	case assignment().MatchString(before):
		return errors.New("it starts with NAME=: set only the value")
	case strings.HasPrefix(before, "{"):
		return errors.New("it is JSON: set only the token in it")
	case strings.HasSuffix(before, ":"), strings.Contains(before, ":") && (strings.HasSuffix(lower, "flyv1") || strings.HasSuffix(lower, "bearer")):
		return errors.New("it starts with a header or a key and a colon: set only the value")
	case !unicode.IsPrint(first):
		return errors.New("it starts with a character that does not print: copy the token again")
	default:
		return fmt.Errorf("it has %d characters in front of the token: set only the token", utf8.RuneCountInString(before))
	}
}

func checkPart(part string) error {
	prefix, payload, ok := strings.Cut(part, "_")
	switch {
	case part == "":
		return errors.New("is empty: a comma too many")
	case !ok || prefix != "fm2" && prefix != "fm1r" && prefix != "fm1a" && prefix != "fo1":
		return errors.New("does not start with fm2_, fm1r_, fm1a_ or fo1_")
	case payload == "":
		return errors.New("is only a prefix")
	case strings.ContainsAny(payload, quotationMarks):
		return errors.New("contains a quotation mark: set the token without quotation marks")
	case prefix == "fo1":
		if strings.ContainsFunc(payload, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return errors.New("contains a character that is invalid in an OAuth token")
		}
		return nil
	}
	if _, err := base64.StdEncoding.DecodeString(payload); err != nil {
		return fmt.Errorf("is %d bytes long and not valid base64: it may have been cut off when it was pasted", len(part))
	}
	return nil
}
