package flyctl_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

func TestAcquireStopsAtTheCallersDeadline(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{Hang: true})
	src, temp := newSource(t, fly)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	done := make(chan error, 1)
	go func() {
		_, err := src.Acquire(ctx, request())
		done <- err
	}()
	flytest.Eventually(t, "flyctl is called", func() bool { return len(fly.Calls()) == 1 })
	cancel(context.DeadlineExceeded)
	wantMiss(t, <-done, "flyctl did not finish within 1m0s and was stopped: check the network, or raise cli.timeout")
	wantNothingLeft(t, fly, temp)
}

func TestAcquireStopsWhenTheCallerLeaves(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{Hang: true, Grandchild: true})
	src, temp := newSource(t, fly)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := src.Acquire(ctx, request())
		done <- err
	}()
	flytest.Eventually(t, "flyctl is called", func() bool { return len(fly.Calls()) == 1 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want the caller's", err)
	}
	wantNothingLeft(t, fly, temp)
}

func TestAcquireEndsWhatOutlivesSuccess(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{Grandchild: true})
	src, temp := newSource(t, fly)
	got, err := src.Acquire(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	if got.Token.IsZero() {
		t.Error("no token")
	}
	wantNothingLeft(t, fly, temp)
}

func TestAcquireTakesTokensAlone(t *testing.T) {
	t.Parallel()
	const check = ": check that cli.path is flyctl, and update it"
	good := "FlyV1 fm2_" + strings.Repeat("QUJD", 150)
	tests := map[string]struct {
		behaviour fakefly.Behaviour
		want      string // "" means success
	}{
		"with a warning beside it":  {fakefly.Behaviour{Stdout: good + "\n", Stderr: "Warning: Metrics token unavailable: context canceled\n"}, ""},
		"with much noise beside it": {fakefly.Behaviour{Stdout: good, Stderr: strings.Repeat("noise\n", 50_000)}, ""},
		"without a scheme":          {fakefly.Behaviour{Stdout: strings.TrimPrefix(good, "FlyV1 ")}, ""},
		"with two schemes":          {fakefly.Behaviour{Stdout: "Bearer " + good + "\r\n"}, ""},
		"garbage":                   {fakefly.Behaviour{Stdout: "all is well\n"}, "flyctl printed something that is not a token (12 bytes)" + check},
		"a notice before it":        {fakefly.Behaviour{Stdout: "Update available\n" + good}, "flyctl printed something that is not a token (627 bytes)" + check},
		"a notice after it":         {fakefly.Behaviour{Stdout: good + "\nUpdate available"}, "flyctl printed something that is not a token (627 bytes)" + check},
		"two tokens":                {fakefly.Behaviour{Stdout: good + "\n" + good}, "flyctl printed something that is not a token (1221 bytes)" + check},
		"an OAuth token":            {fakefly.Behaviour{Stdout: "FlyV1 fo1_secret"}, "flyctl printed something that is not a token (16 bytes)" + check},
		"an OAuth token among them": {fakefly.Behaviour{Stdout: good + ",fo1_secret"}, "flyctl printed something that is not a token (621 bytes)" + check},
		"cut off":                   {fakefly.Behaviour{Stdout: good[:len(good)-1]}, "flyctl printed something that is not a token (609 bytes)" + check},
		"a scheme alone":            {fakefly.Behaviour{Stdout: "FlyV1 \n"}, "flyctl printed something that is not a token (7 bytes)" + check},
		"JSON":                      {fakefly.Behaviour{Stdout: "{\n    \"token\": \"x\"\n}\n"}, "flyctl printed something that is not a token (21 bytes)" + check},
		"nothing":                   {fakefly.Behaviour{Mute: true}, "flyctl reported success but printed nothing" + check},
		"help": {
			fakefly.TooOld(),
			"flyctl printed its help instead of a token (200 bytes): it is too old: update flyctl",
		},
		"100 MB": {
			fakefly.Behaviour{Flood: 100_000_000},
			"flyctl printed something that is not a token (more than 65536 bytes) and was stopped: check that cli.path is flyctl",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fly := fakefly.Install(t, tt.behaviour)
			src, temp := newSource(t, fly)
			got, err := src.Acquire(t.Context(), request())
			if tt.want != "" {
				wantMiss(t, err, tt.want)
			} else if err != nil {
				t.Error(err)
			} else if got.Token.Reveal() != strings.TrimPrefix(good, "FlyV1 ") {
				t.Error("the token is not the one that was printed")
			}
			wantNothingLeft(t, fly, temp)
		})
	}
}
