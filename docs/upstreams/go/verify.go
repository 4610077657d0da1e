// Package postern says who the gateway says is asking.
package postern

import (
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// Verifier gives the claims of the player, or an error for everything that is not to be believed.
type Verifier func(assertion string) (jwt.RegisteredClaims, error)

// New makes a Verifier; jwks is issuer + "/.well-known/jwks.json", audience the name of this upstream.
func New(issuer, audience, jwks string) (Verifier, error) {
	keys, err := keyfunc.NewDefault([]string{jwks})
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"ES256", "EdDSA"}), jwt.WithIssuer(issuer),
		jwt.WithAudience(audience), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(10*time.Second))
	return func(assertion string) (claims jwt.RegisteredClaims, err error) {
		if _, err = parser.ParseWithClaims(assertion, &claims, keys.Keyfunc); err == nil && claims.Subject == "" {
			err = jwt.ErrTokenInvalidSubject
		}
		return claims, err
	}, err
}
