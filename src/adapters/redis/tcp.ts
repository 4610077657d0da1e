import { createClient, createCluster, ErrorReply } from 'redis'
import { StoreUnavailable } from '../../ports/store.ts'
import { asReply, isUnknownScript, messageOf, type RedisDriver, type Reply, type Script, scrubbed } from './driver.ts'
import { Troubles } from './troubles.ts'

/** How to reach Redis or Valkey over TCP. */
export interface TcpOptions {
  /** `redis://` or `rediss://` URL; for a cluster several, of which one has to answer. */
  readonly urls: readonly string[]
  readonly cluster: boolean
  /** Longest wait for one answer. */
  readonly timeoutMs: number
}

/** A connection and the driver on it. */
export interface TcpConnection {
  readonly driver: RedisDriver
  /** Tells everybody who listens on a channel. @throws StoreUnavailable */
  tell(channel: string, text: string): Promise<void>
  /** Hears what is told on a channel, on a connection of its own, and again after each loss of it. */
  hear(channel: string, heard: (text: string) => void): void
  /** Ends the connection; what is under way fails. */
  close(): void
}

type Send = (key: string, command: string[]) => Promise<unknown>

/**
 * What comes of some work, or an outage when it takes too long.
 *
 * WHY: a process that stood still for as long finds its timer over before it has looked at its sockets. An answer that lies
 * there is no outage: what has come is read first.
 */
function within<T>(operation: string, timeoutMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new StoreUnavailable(operation, 'no answer in time'))
    const timer = setTimeout(() => setImmediate(late), timeoutMs)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function failure(operation: string, thrown: unknown, troubles: Troubles): StoreUnavailable {
  if (thrown instanceof StoreUnavailable) return thrown
  const because = troubles.last === '' ? '' : ` (${troubles.last})`
  const reason = thrown instanceof ErrorReply ? scrubbed(thrown.message) : `no connection${because}`
  return new StoreUnavailable(operation, reason)
}

function driverOver(
  send: Send,
  timeoutMs: number,
  troubles: Troubles,
  failed: () => void = () => undefined,
): RedisDriver {
  async function evaluate(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args]
    const first = keys[0] ?? ''
    try {
      return await send(first, ['EVALSHA', script.sha, ...rest])
    } catch (thrown) {
      if (!isUnknownScript(messageOf(thrown))) throw thrown
      return await send(first, ['EVAL', script.source, ...rest])
    }
  }
  return {
    async run(script: Script, keys: readonly string[], args: readonly string[]): Promise<Reply> {
      try {
        return asReply(script.name, await within(script.name, timeoutMs, evaluate(script, keys, args)))
      } catch (thrown) {
        if (!(thrown instanceof ErrorReply)) failed()
        throw failure(script.name, thrown, troubles)
      }
    },
  }
}

// WHY: a call while there is no connection fails at once instead of waiting in a queue and being run long after its
// caller was told that the store is silent; reconnecting goes on behind it, from 50 ms up to 1 s apart.
const socket = (timeoutMs: number) => ({
  connectTimeout: timeoutMs,
  reconnectStrategy: (tries: number) => Math.min(50 * (tries + 1), 1000),
})

async function published(
  send: Send,
  channel: string,
  text: string,
  timeoutMs: number,
  troubles: Troubles,
): Promise<void> {
  try {
    await within('publish', timeoutMs, send(channel, ['PUBLISH', channel, text]))
  } catch (thrown) {
    throw failure('publish', thrown, troubles)
  }
}

/** How long a connection may leave calls unanswered before another one takes its place, milliseconds. */
const MOST_SILENCE_MS = 2_000

function clientOf({ urls, timeoutMs }: TcpOptions, troubles: Troubles) {
  const client = createClient({ url: urls[0] ?? '', disableOfflineQueue: true, socket: socket(timeoutMs) })
  troubles.follow(client)
  return client
}

type Client = ReturnType<typeof clientOf>

function end(client: Client): void {
  if (client.isOpen) client.destroy()
}

/** Listens on a channel, on a connection of its own. */
function listen(like: Client, channel: string, heard: (text: string) => void): Pick<Client, 'destroy'> {
  // WHY: a listener may wait for its server: nobody waits for it, and it asks again by itself.
  const listener = like.duplicate({ disableOfflineQueue: false })
  listener.on('error', () => {})
  listener.connect().catch(() => {})
  listener.subscribe(channel, heard).catch(() => {})
  return listener
}

/** What a server answers that has become a replica of another one. */
const IS_REPLICA = /\b(?:READONLY|MASTERDOWN)\b/

/**
 * A connection to one server. Where it leaves every call unanswered for two seconds, it is given up for a new one, and
 * where its server has become a replica, it is left as soon as there is a new one.
 *
 * WHY: a server that is replaced without a word, and a firewall that forgot the connection, leave one that is open and dead:
 * the system gives it up after a quarter of an hour. One that was made a replica goes on answering reads, from records that may
 * be old, and refuses writes for as long as somebody stays connected, although its name leads elsewhere by now.
 */
async function connectSingle(options: TcpOptions): Promise<TcpConnection> {
  const troubles = new Troubles()
  let client = clientOf(options, troubles)
  const connect = () =>
    client.connect().then(
      () => {},
      () => {},
    )
  // WHY: a server that is not there yet does not stop the start; calls say so until it is.
  await within('connect', options.timeoutMs, connect()).catch(() => {})
  const heardOn: {
    readonly channel: string
    readonly heard: (text: string) => void
    listener: Pick<Client, 'destroy'>
  }[] = []
  let silence: ReturnType<typeof setTimeout> | null = null
  let isDead = false
  const answered = () => {
    if (silence !== null) clearTimeout(silence)
    silence = null
    isDead = false
  }
  const listenAnew = () => {
    for (const one of heardOn) {
      one.listener.destroy()
      one.listener = listen(client, one.channel, one.heard)
    }
  }
  let next: Client | null = null
  const leave = () => {
    if (next !== null) return
    const other = clientOf(options, troubles)
    next = other
    const taken = () => {
      const left = client
      client = other
      listenAnew()
      // `close` lets the calls under way on it have their answers first.
      if (left.isOpen) void left.close()
      // WHY: while the name still leads to the replica every refused write comes here, and each would open a connection.
      setTimeout(() => {
        next = null
      }, MOST_SILENCE_MS)
    }
    other.connect().then(taken, () => {})
  }
  const send: Send = async (_, command) => {
    silence ??= setTimeout(() => {
      isDead = true
    }, MOST_SILENCE_MS)
    try {
      const reply = await client.sendCommand(command)
      answered()
      return reply
    } catch (thrown) {
      if (thrown instanceof ErrorReply) {
        answered()
        if (IS_REPLICA.test(thrown.message)) leave()
      }
      throw thrown
    }
  }
  const failed = () => {
    if (!isDead) return
    answered()
    end(client)
    client = clientOf(options, troubles)
    void connect()
    listenAnew()
  }
  return {
    driver: driverOver(send, options.timeoutMs, troubles, failed),
    tell: (channel, text) => published(send, channel, text, options.timeoutMs, troubles),
    hear: (channel, heard) => void heardOn.push({ channel, heard, listener: listen(client, channel, heard) }),
    close() {
      answered()
      for (const { listener } of heardOn) listener.destroy()
      if (next !== null) end(next)
      end(client)
    },
  }
}

async function connectCluster(options: TcpOptions): Promise<TcpConnection> {
  const cluster = createCluster({
    rootNodes: options.urls.map((url) => ({ url, socket: socket(options.timeoutMs) })),
    defaults: { disableOfflineQueue: true, socket: socket(options.timeoutMs) },
  })
  const troubles = new Troubles()
  troubles.follow(cluster)
  let connected = false
  let attempt: Promise<void> | null = null
  // WHY: unlike a single connection the client gives up when no node answers; the next call tries again.
  function connect(): Promise<void> {
    attempt ??= cluster
      .connect()
      .then(
        () => {
          connected = true
        },
        () => {},
      )
      .finally(() => {
        attempt = null
      })
    return attempt
  }
  await within('connect', options.timeoutMs * 4, connect()).catch(() => {})
  const send: Send = async (key, command) => {
    if (!connected) await connect()
    return cluster.sendCommand(key, false, command)
  }
  let isOver = false
  const keepListening = async (channel: string, heard: (text: string) => void): Promise<void> => {
    while (!isOver) {
      try {
        if (!connected) await connect()
        await cluster.subscribe(channel, heard)
        return
      } catch {
        // WHY: no node answers yet; the re-checks of whoever listens stand in for it meanwhile.
        await new Promise((resolve) => setTimeout(resolve, 1000))
      }
    }
  }
  return {
    driver: driverOver(send, options.timeoutMs, troubles),
    tell: (channel, text) => published(send, channel, text, options.timeoutMs, troubles),
    hear: (channel, heard) => void keepListening(channel, heard),
    close() {
      isOver = true
      cluster.destroy()
    },
  }
}

/** Connects to one server or to a cluster, and goes on trying where nobody answers yet. */
export function connectTcp(options: TcpOptions): Promise<TcpConnection> {
  return options.cluster ? connectCluster(options) : connectSingle(options)
}
