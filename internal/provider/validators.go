package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// stringCheck is a validator of one known text. Null and unknown values pass.
// An unknown value is checked when it is known.
type stringCheck struct {
	// description describes a valid value.
	description string
	// summary is the diagnostic's first line.
	summary string
	// complaint returns the fault of an invalid value in full sentences, or "".
	complaint func(value string) string
}

var _ validator.String = stringCheck{}

// Description describes a valid value.
func (v stringCheck) Description(context.Context) string { return v.description }

// MarkdownDescription describes a valid value.
func (v stringCheck) MarkdownDescription(context.Context) string { return v.description }

// ValidateString reports an invalid value on its attribute.
func (v stringCheck) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	value := req.ConfigValue.ValueString()
	switch complaint := v.complaint(value); {
	case complaint == "":
	case looksLikeToken(value):
		resp.Diagnostics.AddError(v.summary, complaint+fmt.Sprintf(lineNotShown, req.Path))
	default:
		resp.Diagnostics.AddAttributeError(req.Path, v.summary, complaint)
	}
}

// appName accepts valid names of Fly apps.
func appName() validator.String {
	const what = "up to 63 lower-case letters, digits and hyphens, with no hyphen at either end"
	return stringCheck{
		description: "the name of a Fly app: " + what,
		summary:     "Invalid App Name",
		complaint: func(value string) string {
			if token.ValidateApp(value) == nil {
				return ""
			}
			return fmt.Sprintf("%s cannot be the name of a Fly app. A name has %s.", quoted(value), what)
		},
	}
}

// organizationSlug accepts valid slugs of Fly organizations.
func organizationSlug() validator.String {
	return stringCheck{
		description: "the slug of a Fly organization: lower-case letters, digits and hyphens",
		summary:     "Invalid Organization",
		complaint:   organizationComplaint,
	}
}

func organizationComplaint(value string) string {
	if token.ValidateOrganization(value) == nil {
		return ""
	}
	return fmt.Sprintf("%s cannot be the slug of a Fly organization. A slug consists of lower-case letters, digits and hyphens; `fly orgs list` shows it.", quoted(value))
}

// quoted returns value for a message, unless it looks like a token. A token may
// have been written to this argument by mistake, and the argument is not
// sensitive.
func quoted(value string) string {
	if looksLikeToken(value) {
		return "The value, which looks like a token,"
	}
	return fmt.Sprintf("%.80q", value)
}

func looksLikeToken(value string) bool {
	return slices.ContainsFunc([]string{"fm2_", "fm1r_", "fm1a_", "fo1_", "FlyV1", "Bearer"}, func(mark string) bool {
		return strings.Contains(value, mark)
	})
}

// flyToken accepts values with the form of a Fly token. Its message has
// positions and lengths, never a byte of the value.
func flyToken() validator.String {
	return stringCheck{
		description: "a Fly token: macaroons (`fm2_…`) or an OAuth token (`fo1_…`), with or without its scheme",
		summary:     "Invalid Fly Token",
		complaint:   flyTokenComplaint,
	}
}

func flyTokenComplaint(value string) string {
	_, err := token.Parse(value)
	if err == nil {
		return ""
	}
	return fmt.Sprintf("The value is %s. Paste the whole token as Fly printed it: it starts with fm2_ or fo1_, with or without FlyV1 or Bearer in front.", err)
}

// tokenID accepts valid identifiers of tokens at Fly.
func tokenID() validator.String {
	return stringCheck{
		description: "Fly's identifier of a token",
		summary:     "Invalid Token Identifier",
		complaint: func(value string) string {
			if value != "" && !looksLikeToken(value) && !strings.ContainsAny(value, " \t\n,") {
				return ""
			}
			return fmt.Sprintf("%s is not an identifier. `data \"fly_tokens\"` and `fly tokens list` show identifiers. Set `token` instead if you have the token itself.", quoted(value))
		},
	}
}

// maxTokenName bounds the characters of a token's name. Fly documents no
// limit.
const maxTokenName = 100

// tokenName accepts names that identify a token for people.
func tokenName() validator.String {
	return stringCheck{
		description: fmt.Sprintf("1 to %d printable characters", maxTokenName),
		summary:     "Invalid Token Name",
		complaint:   tokenNameComplaint,
	}
}

func tokenNameComplaint(value string) string {
	unprintable := strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) })
	if strings.TrimSpace(value) != "" && len([]rune(value)) <= maxTokenName && !unprintable {
		return ""
	}
	return fmt.Sprintf("A token's name has 1 to %d printable characters, which are not all spaces. Omit it to use the default.", maxTokenName)
}

// refreshPolicy accepts the name of a policy.
func refreshPolicy() validator.String {
	return oneOf("Invalid Refresh Policy", string(token.PolicyIfRejected), string(token.PolicyIfExpired), string(token.PolicyAlways))
}

// access accepts the name of a guarantee.
func access() validator.String {
	return oneOf("Invalid Access", string(token.AccessReadOnly), string(token.AccessDeploy))
}

// oneOf accepts the given names. The framework's own validator would quote any
// value, even a token.
func oneOf(summary string, names ...string) validator.String {
	list := strings.Join(names, ", ")
	return stringCheck{
		description: "one of " + list,
		summary:     summary,
		complaint: func(value string) string {
			if slices.Contains(names, value) {
				return ""
			}
			return fmt.Sprintf("%s is not a valid value. Use one of: %s.", quoted(value), list)
		},
	}
}

// distinct is a validator of a list without duplicates. The framework's own
// validator would quote any value, even a token.
type distinct struct{}

var _ validator.List = distinct{}

// Description describes a valid list.
func (distinct) Description(context.Context) string { return "each name once" }

// MarkdownDescription describes a valid list.
func (d distinct) MarkdownDescription(ctx context.Context) string { return d.Description(ctx) }

// ValidateList reports duplicate names.
func (distinct) ValidateList(_ context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	elements := req.ConfigValue.Elements()
	for i, e := range elements {
		name, ok := e.(types.String)
		if !ok || name.IsNull() || name.IsUnknown() || !slices.ContainsFunc(elements[:i], e.Equal) {
			continue
		}
		if value := name.ValueString(); !looksLikeToken(value) {
			resp.Diagnostics.AddAttributeError(req.Path.AtListIndex(i), "Repeated Name", fmt.Sprintf("%.80q is in the list twice. Remove one of the two.", value))
		}
	}
}

// apiAddress accepts an address to which a token may be sent.
func apiAddress(complaint func(value string) string) validator.String {
	return stringCheck{
		description: "an https address; http only for loopback addresses",
		summary:     "Invalid API Address",
		complaint:   complaint,
	}
}

func graphqlComplaint(value string) string { return addressComplaint(value, "/graphql") }

func machinesComplaint(value string) string { return addressComplaint(value, "/v1") }

// addressComplaint returns the fault of an address to which the client adds a
// path.
func addressComplaint(value, added string) string {
	switch {
	case value == "":
		return "The address is empty. Omit the argument, or set it to null, to use the default."
	case looksLikeToken(value):
		return quoted(value) + " is not an address. Set a token with access_token or FLY_API_TOKEN."
	}
	if _, err := flyapi.New(flyapi.Config{BaseURL: value, MachinesBaseURL: value}); err != nil {
		return fmt.Sprintf("The address is invalid: %s.", strings.TrimPrefix(err.Error(), flyapi.ErrBaseURL.Error()+": "))
	}
	if strings.HasSuffix(strings.TrimRight(value, "/"), added) {
		return fmt.Sprintf("The address ends in %[1]s, but the provider adds %[1]s itself. Omit that part.", added)
	}
	return ""
}

// filePath accepts any usable path.
func filePath() validator.String {
	return stringCheck{description: "a path that is not empty", summary: "Invalid Path", complaint: pathComplaint}
}

func pathComplaint(value string) string {
	switch {
	case strings.TrimSpace(value) == "":
		return "The path is empty. Omit the argument, or set it to null, to use the default."
	case strings.HasPrefix(value, "~") && !strings.HasPrefix(value, "~/"):
		return "Only a leading ~/ is expanded, to the home folder: ~ alone and ~ with a user name are not. Write ~/ and the rest, or an absolute path."
	case flyTokenComplaint(value) == "":
		return quoted(value) + " is not a path. Set a token with access_token or FLY_API_TOKEN."
	case strings.ContainsRune(value, 0):
		return "The path contains a NUL character, which no file system accepts."
	}
	return ""
}

// durationBetween accepts a duration within the bounds, inclusive.
func durationBetween(shortest, longest time.Duration) validator.String {
	return stringCheck{
		description: fmt.Sprintf("a duration from %s to %s, such as 24h, 90m or 1h30m", short(shortest), short(longest)),
		summary:     "Invalid Duration",
		complaint: func(value string) string {
			d, err := time.ParseDuration(value)
			switch {
			case err != nil:
				return fmt.Sprintf("%s is not a duration. Write a number and a unit, such as 24h, 90m or 1h30m; the units are h, m, s and ms, and a day is 24h.", quoted(value))
			case d < shortest || d > longest:
				return fmt.Sprintf("%s is out of bounds: the duration must be from %s to %s.", value, short(shortest), short(longest))
			}
			return ""
		},
	}
}

// instant accepts a point in time.
func instant() validator.String {
	return stringCheck{
		description: "an RFC 3339 timestamp, such as 2030-01-31T00:00:00Z",
		summary:     "Invalid Timestamp",
		complaint: func(value string) string {
			if _, err := time.Parse(time.RFC3339, value); err != nil {
				return fmt.Sprintf("%s is not an RFC 3339 timestamp. Write it as 2030-01-31T00:00:00Z, or use the functions plantimestamp and timeadd.", quoted(value))
			}
			return ""
		},
	}
}

// short prints a duration in its usual form: 24h, not 24h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
