package provider

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// maxTokenName bounds the characters of a token's name. Fly documents no
// limit.
const maxTokenName = 100

// tokenName accepts names that identify a token for people.
func tokenName() validator.String {
	return stringCheck{
		description: fmt.Sprintf("1 to %d printable characters", maxTokenName),
		summary:     "Invalid Token Name",
		complaint:   tokenNameFault,
	}
}

// tokenNameFault returns the fault of a token's name, or "".
func tokenNameFault(value string) string {
	unprintable := strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) })
	if strings.TrimSpace(value) != "" && len([]rune(value)) <= maxTokenName && !unprintable {
		return ""
	}
	return fmt.Sprintf("A token's name has 1 to %d printable characters, which are not all spaces. Omit it to use the default.", maxTokenName)
}
