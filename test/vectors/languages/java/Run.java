import com.nimbusds.jose.util.JSONObjectUtils;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Judges every vector of a file with docs/upstreams/java/PosternVerifier.java. */
public final class Run {
  public static void main(String[] args) throws Exception {
    var jwks = URI.create(System.getenv("POSTERN_JWKS")).toURL();
    var verifier = new PosternVerifier(System.getenv("POSTERN_ISSUER"), System.getenv("POSTERN_AUDIENCE"), jwks);
    var file = JSONObjectUtils.parse(Files.readString(Path.of(args[0])));
    List<String> said = new ArrayList<>();
    for (var vector : JSONObjectUtils.getJSONObjectArray(file, "vectors")) {
      var name = (String) vector.get("name");
      try {
        var claims = verifier.process((String) vector.get("token"), null);
        said.add(JSONObjectUtils.toJSONString(Map.of("name", name, "verdict", "user", "sub", claims.getSubject())));
      } catch (Exception problem) {
        said.add(JSONObjectUtils.toJSONString(Map.of("name", name, "verdict", "refused", "why", problem.toString())));
      }
    }
    System.out.println("[" + String.join(",", said) + "]");
  }
}
