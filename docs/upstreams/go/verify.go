// Package postern says who the gateway says is asking.
package postern

import (
	"context"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

// New gives what tells the claims of the player, or an error; jwks is issuer + "/.well-known/jwks.json", audience the name of this upstream.
func New(issuer, audience, jwks string) (func(assertion string) (jwt.RegisteredClaims, error), error) {
	refresh := keyfunc.Override{RefreshInterval: 10 * time.Minute, RateLimitWaitMax: time.Second, RefreshUnknownKID: rate.NewLimiter(rate.Every(time.Minute), 1)}
	keys, err := keyfunc.NewDefaultOverrideCtx(context.Background(), []string{jwks}, refresh)
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"ES256", "EdDSA"}), jwt.WithIssuer(issuer),
		jwt.WithAudience(audience), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(10*time.Second))
	return func(assertion string) (claims jwt.RegisteredClaims, err error) {
		if _, err = parser.ParseWithClaims(assertion, &claims, keys.Keyfunc); err == nil && claims.Subject == "" {
			err = jwt.ErrTokenInvalidSubject
		}
		return claims, err
	}, err
}
