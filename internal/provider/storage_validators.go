package provider

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/remote"
)

// storageFolder accepts the path of a folder.
func storageFolder() validator.String {
	return stringCheck{
		description: "the path of a folder", summary: "Invalid Path",
		complaint: func(value string) string {
			if schemePattern().MatchString(value) {
				return "storage.path is the path of a folder, not a URL. Set storage.vault or storage.s3 instead, or FLY_TOKEN_STORAGE to this URL."
			}
			return pathComplaint(value)
		},
	}
}

// sharedText accepts the settings of storage on a server that complaint accepts.
func sharedText(description, summary string, complaint func(value string) string) validator.String {
	return stringCheck{description: description, summary: summary, complaint: complaint}
}

// matches returns a complaint about values that do not match pattern.
func matches(value, pattern, what string) string {
	if regexp.MustCompile(pattern).MatchString(value) && !looksLikeToken(value) {
		return ""
	}
	return fmt.Sprintf("%s is not %s.", quoted(value), what)
}

func mountComplaint(value string) string {
	return segmentsComplaint(value, "the path of a mount, such as secret or team/kv")
}

func sharedPathComplaint(value string) string {
	return segmentsComplaint(value, "a path of letters, digits, hyphens, underscores and dots, with slashes between them")
}

// segmentsComplaint checks a path whose segments mean the same in a URL, in a
// policy and in a key.
func segmentsComplaint(value, what string) string {
	if slices.ContainsFunc(strings.Split(value, "/"), func(s string) bool { return s == "." || s == ".." }) {
		return fmt.Sprintf("%s is not %s: it contains a relative segment.", quoted(value), what)
	}
	return matches(value, `^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*/?$`, what)
}

func bucketComplaint(value string) string {
	return matches(value, `^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`, "the name of a bucket: 3 to 63 lower-case letters, digits, hyphens and dots")
}

func regionComplaint(value string) string {
	return matches(value, `^[a-z0-9-]+$`, "a region, such as eu-central-1")
}

func keyComplaint(value string) string {
	return matches(value, `^[A-Za-z0-9:/_-]+$`, "the ID, the ARN or the alias of a KMS key")
}

// serverComplaint says what is wrong with the address of a storage server.
func serverComplaint(value string) string {
	u, err := url.Parse(value)
	switch {
	case err != nil, u.Hostname() == "", u.Scheme != "https" && u.Scheme != "http":
		return "The value is not an address. Write it as https://storage.example.com."
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return "The address contains a user, a query or a fragment. Use only scheme, host, port and path."
	case u.Scheme == "http" && !remote.Loopback(u.Hostname()):
		return "The address is http://, which sends tokens unencrypted. Use https://."
	}
	return ""
}
