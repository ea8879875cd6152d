package fakefly

import (
	"crypto/rand"
	"os"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// mint answers `tokens create` as flyctl does: with a new token or a failure.
func (b Behaviour) mint(args []string) (printed string, fail *Behaviour) {
	refuse := func(as Behaviour) (string, *Behaviour) { return "", &as }
	req, ok := parseArguments(args)
	switch {
	case !ok:
		b := Fail(1, "Error: unknown flag")
		b.Stdout = help
		return refuse(b)
	case req.profile == "":
		return refuse(TooOld())
	case os.Getenv("FLY_ACCESS_TOKEN") == "" && os.Getenv("FLY_API_TOKEN") == "":
		return refuse(NoLogin())
	case req.profile == "deploy" && req.app == "":
		return refuse(unknownApp(""))
	case req.profile == "readonly" && os.Getenv("FLY_ORG") == "":
		return refuse(NoOrganization())
	}
	if b.Online {
		header, fail := mintOnline(req)
		if fail != nil {
			return "", fail
		}
		return req.print(header), nil
	}
	minted := Token{Seed: rand.Text(), NotAfter: time.Now().Add(req.expiry)}
	if req.profile == "readonly" {
		// flyctl narrows it itself (superfly/flyctl, internal/command/tokens).
		minted.mask = macaroon.ActionRead
	}
	return req.print("FlyV1 " + minted.Text()), nil
}

// arguments are those of `tokens create`.
type arguments struct {
	profile string
	app     string
	name    string
	expiry  time.Duration
	json    bool
}

// print returns flyctl's output for the token with its scheme.
func (a arguments) print(header string) string {
	if !a.json {
		return header + "\n"
	}
	return "{\n    \"token\": \"" + header + "\"\n}\n"
}

// parseArguments reads the arguments. It returns false for flags that flyctl
// does not have, or values that it does not accept.
func parseArguments(args []string) (arguments, bool) {
	// flyctl's default is 20 years.
	req := arguments{expiry: 175200 * time.Hour}
	if len(args) < 3 || args[0] != "tokens" || args[1] != "create" {
		return req, true
	}
	if args[2] != "readonly" && args[2] != "deploy" {
		return req, true
	}
	req.profile = args[2]
	for rest := args[3:]; len(rest) > 0; rest = rest[2:] {
		if rest[0] == "-j" || rest[0] == "--json" {
			req.json = true
			if rest = rest[1:]; len(rest) == 0 {
				break
			}
		}
		if len(rest) < 2 || !strings.HasPrefix(rest[0], "-") {
			return req, false
		}
		switch rest[0] {
		case "-a", "--app":
			req.app = rest[1]
		case "-n", "--name":
			req.name = rest[1]
		case "-x", "--expiry":
			expiry, err := time.ParseDuration(rest[1])
			if err != nil {
				return req, false
			}
			req.expiry = expiry
		default:
			return req, false
		}
	}
	return req, true
}
