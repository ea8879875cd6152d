package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// life is how long the demo's token claims to be good.
const life = 30 * 24 * time.Hour

// Of a macaroon of Fly's, as superfly/macaroon writes it.
const (
	location       = "https://api.fly.io/v1"
	apps           = 3
	validityWindow = 4
	readWrite      = 31
)

// madeUpToken returns a token of Fly's make that nobody issued: a macaroon for
// one app, signed with a key that is thrown away. Fly would refuse it.
func madeUpToken(now time.Time) (string, error) {
	secret := make([]byte, 64)
	if _, err := rand.Read(secret); err != nil {
		return "", fmt.Errorf("make up a token: %w", err)
	}
	key, kid, rnd := secret[:32], secret[32:48], secret[48:]
	nonce := []any{kid, rnd, false}
	caveats := []any{
		apps,
		[]any{map[uint64]uint16{1: readWrite}},
		validityWindow,
		[]any{now.Unix(), now.Add(life).Unix()},
	}
	encodedNonce, err := encode(nonce)
	if err != nil {
		return "", err
	}
	tail := sign(key, encodedNonce)
	for i := 0; i < len(caveats); i += 2 {
		caveat, err := encode(caveats[i : i+2])
		if err != nil {
			return "", err
		}
		tail = sign(tail, caveat)
	}
	raw, err := encode([]any{nonce, location, caveats, tail})
	if err != nil {
		return "", err
	}
	return "FlyV1 fm2_" + base64.StdEncoding.EncodeToString(raw), nil
}

func sign(key, message []byte) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write(message)
	return mac.Sum(nil)
}

// encode writes v in MessagePack's shortest form, which is the one that Fly signs.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := msgpack.NewEncoder(&b)
	enc.UseCompactInts(true)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("make up a token: %w", err)
	}
	return b.Bytes(), nil
}
