import org.springframework.security.oauth2.jwt.JwtDecoders;

/** A Spring resource server, told nothing but the issuer: who an assertion is about. */
public final class Run {
  public static void main(String[] args) {
    var decoder = JwtDecoders.fromIssuerLocation(args[0]);
    for (int at = 1; at < args.length; at++) {
      try {
        var jwt = decoder.decode(args[at]);
        System.out.println("user " + jwt.getSubject() + " " + jwt.getAudience());
      } catch (Exception problem) {
        System.out.println("refused " + problem.getMessage());
      }
    }
  }
}
