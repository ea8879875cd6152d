package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/hashicorp/vault/api/cliconfig"

	"github.com/flytokens/terraform-provider-fly/internal/scrub"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/remote"
)

const (
	// maxAnswer bounds the read part of an answer: a document as a JSON string,
	// in which one byte takes up to six.
	maxAnswer = 6*remote.MaxDocument + 1<<20
	// quotaPause is the wait after a quota refused a request, if the answer
	// gives none.
	quotaPause = 200 * time.Millisecond
)

var (
	errNoDate    = errors.New("its answers have no Date header")
	errPlain     = errors.New("the address is http://, which sends tokens unencrypted")
	errQuota     = errors.New("a rate limit of Vault refuses requests")
	errDowngrade = errors.New("the server redirects to a different scheme")
)

// settingsError means that the settings that the client library reads are
// invalid.
type settingsError struct{ error }

func (e settingsError) Unwrap() error { return e.error }

// newClient makes the client as the vault command does.
func (b *Backend) newClient() (*api.Client, error) {
	config := api.DefaultConfig()
	if config.Error != nil {
		return nil, settingsError{config.Error}
	}
	if b.settings.Address != "" {
		// Otherwise an agent's address would take precedence.
		config.Address, config.AgentAddress = b.settings.Address, ""
	}
	// The breaker bounds all attempts of a request. Only reads are tried again.
	config.Timeout, config.MaxRetries = 0, 0
	client, err := api.NewClient(config)
	if err != nil {
		return nil, settingsError{err}
	}
	if plain(client.Address()) {
		return nil, settingsError{errPlain}
	}
	config.HttpClient.Transport = b.clock.Transport(sameScheme{config.HttpClient.Transport})
	if b.settings.Namespace != "" {
		client.SetNamespace(b.settings.Namespace)
	}
	switch {
	case b.settings.Token != "":
		client.SetToken(b.settings.Token)
	case client.Token() == "":
		login, err := helperToken()
		if err != nil {
			return nil, settingsError{fmt.Errorf("token helper: %w", err)}
		}
		client.SetToken(login)
	}
	return client, nil
}

// helperToken returns the token that `vault login` stored, or "".
func helperToken() (login string, err error) {
	// The library panics if there is no home folder.
	defer func() {
		if recover() != nil {
			login, err = "", nil
		}
	}()
	helper, err := cliconfig.DefaultTokenHelper()
	if err != nil {
		return "", err
	}
	return helper.Get()
}

// sameScheme refuses redirects to a different scheme. The library follows one
// redirect, which is how a standby node names the active one.
type sameScheme struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (s sameScheme) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(req)
	if err != nil {
		return resp, err
	}
	if to, err := resp.Location(); err == nil && to.Scheme != req.URL.Scheme {
		_ = resp.Body.Close()
		return nil, errDowngrade
	}
	return resp, nil
}

// request is one to the HTTP API.
type request struct {
	method, path string
	body         map[string]any
}

// answer is the server's answer.
type answer struct {
	status    int
	body      []byte
	errors    []string
	sent, got time.Time
}

// send sends a request and returns the answer, with any status. A request that
// a quota refused is sent again while there is time.
func (b *Backend) send(ctx context.Context, r request) (answer, error) {
	client, err := b.connect()
	if err != nil {
		return answer{}, err
	}
	var a answer
	err = b.breaker.Do(ctx, func(limited context.Context) error {
		for refused := false; ; refused = true {
			var pause time.Duration
			a, pause, err = exchange(limited, client, r)
			switch {
			case refused && err != nil && limited.Err() != nil && ctx.Err() == nil:
				return &remote.OutageError{Err: errQuota} // the time ended during a further attempt
			case err != nil || a.status != http.StatusTooManyRequests:
				return err
			}
			if deadline, ok := limited.Deadline(); !ok || time.Until(deadline) < pause {
				return &remote.OutageError{Err: errQuota}
			}
			select {
			case <-limited.Done(): // the next attempt says so
			case <-time.After(pause):
			}
		}
	})
	return a, err
}

// exchange sends a request once. pause is the wait before the next attempt.
func exchange(ctx context.Context, client *api.Client, r request) (a answer, pause time.Duration, err error) {
	req := client.NewRequest(r.method, "/v1/"+r.path)
	if r.body != nil {
		if err := req.SetJSONBody(r.body); err != nil {
			return answer{}, 0, err
		}
	}
	a.sent = time.Now()
	// Its replacement reads and closes the body, and drops the status.
	resp, err := client.RawRequestWithContext(ctx, req) //nolint:staticcheck // see above
	var refused *api.ResponseError
	if err != nil && !errors.As(err, &refused) {
		return answer{}, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	a.status = resp.StatusCode
	if refused != nil {
		a.errors = refused.Errors
	}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	a.got = time.Now()
	pause = quotaPause + rand.N(quotaPause) //nolint:gosec // jitter is not a secret
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		pause += time.Duration(seconds) * time.Second
	}
	return a, pause, err
}

// said returns the server's message, safe to quote.
func (a answer) said() string {
	if len(a.errors) == 0 {
		return ""
	}
	// Vault also puts a single message into a list.
	return scrub.Text(strings.TrimPrefix(strings.TrimSpace(a.errors[0]), "1 error occurred:\n\t* "), "")
}

// unanswered is the error of a request without an answer.
func (b *Backend) unanswered(op, where string, err error) error {
	var settings settingsError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, errPlain):
		return &tokenstore.Error{Op: op, Where: where, Err: errPlain, Fix: "use https:// in " + b.addressSetting(), Unwritable: true}
	case errors.Is(err, errQuota):
		return &tokenstore.Error{Op: op, Where: where, Err: errQuota, Fix: "raise the quota, or run fewer plans at once", Unwritable: true}
	case errors.Is(err, errDowngrade):
		return &tokenstore.Error{Op: op, Where: where, Err: errDowngrade, Fix: "set the server's api_addr to the scheme in " + b.addressSetting(), Unwritable: true}
	case errors.As(err, &settings):
		cause := errors.New(scrub.Text(settings.Error(), ""))
		return &tokenstore.Error{Op: op, Where: where, Err: cause, Fix: "correct the VAULT_ variables or ~/.vault", Unwritable: true}
	}
	fix, cause := remote.Explain(err, remote.Names{Address: b.addressSetting(), CA: "VAULT_CACERT"})
	if cause == nil {
		fix, cause = "check "+b.addressSetting(), errors.New(scrub.Text(err.Error(), ""))
	}
	return &tokenstore.Error{Op: op, Where: where, Err: cause, Fix: fix, Unwritable: true}
}

// addressSetting names the setting of the server's address.
func (b *Backend) addressSetting() string {
	if b.settings.Address != "" {
		return "storage.vault.address"
	}
	return "VAULT_ADDR"
}
