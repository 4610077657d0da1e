# Postern on workerd of one's own. docs/operations.md, "Deploying", is the walk-through. Bundle, then serve:
#   npx wrangler deploy --dry-run --outdir deploy/workerd/out
#   npx workerd serve deploy/workerd/config.capnp --directory-path=disk=/var/lib/postern
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .postern),
    # The games and the providers; narrower: deny = ["169.254.0.0/16"].
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
    # Given by --directory-path: the records of Durable Objects.
    (name = "disk", disk = (writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:8787", http = (), service = "main")],
);

const postern :Workerd.Worker = (
  modules = [(name = "workers.js", esModule = embed "out/workers.js")],
  compatibilityDate = "2026-08-01",
  compatibilityFlags = ["nodejs_compat", "enable_request_signal"],
  bindings = [
    (name = "STORE", durableObjectNamespace = "StoreObject"),
    (name = "SOCKETS", durableObjectNamespace = "SocketObject"),
    # Settings and secrets come from the environment of workerd, one line each: those of hono.config.ts and these.
    (name = "POSTERN_OPERATOR_KEY", fromEnvironment = "POSTERN_OPERATOR_KEY"),
    (name = "GOOGLE_CLIENT_SECRET", fromEnvironment = "GOOGLE_CLIENT_SECRET"),
  ],
  durableObjectNamespaces = [
    (className = "StoreObject", uniqueKey = "postern-store", enableSql = true),
    (className = "SocketObject", uniqueKey = "postern-sockets", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),
);
