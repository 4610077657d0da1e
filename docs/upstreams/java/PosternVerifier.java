import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.*;
import java.net.URL;
import java.util.Set;

/** Who the gateway says is asking; com.nimbusds:nimbus-jose-jwt. `jwks` is the issuer + "/.well-known/jwks.json". */
public final class PosternVerifier extends DefaultJWTProcessor<SecurityContext> {
  public PosternVerifier(String issuer, String audience, URL jwks) {
    var keys = JWKSourceBuilder.create(jwks).cache(600_000, 15_000).rateLimited(60_000).build();
    setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.ES256, keys));
    var exact = new JWTClaimsSet.Builder().issuer(issuer).build();
    var claims = new DefaultJWTClaimsVerifier<>(audience, exact, Set.of("sub", "iat", "exp"));
    claims.setMaxClockSkew(10);
    setJWTClaimsSetVerifier((set, context) -> {
      claims.verify(set, context);
      if (set.getIssueTime().getTime() > System.currentTimeMillis() + 10_000) throw new BadJWTException("future");
    });
  }
}
