import { WebSocket } from 'ws'

/** What the process of the players is told. */
export type CrowdOrder =
  | {
      readonly kind: 'open'
      readonly urls: readonly string[]
      readonly headers: Readonly<Record<string, string>>
      readonly deflate: boolean
    }
  | { readonly kind: 'talk'; readonly text: string }
  | { readonly kind: 'leave' }

/** What it answers to each order: how many sockets did it, or what went wrong. */
export type CrowdReport = { readonly done: number } | { readonly failed: string }

const sockets: WebSocket[] = []

function opened(url: string, headers: Readonly<Record<string, string>>, deflate: boolean): Promise<WebSocket> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers: { ...headers }, perMessageDeflate: deflate })
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket))
    socket.once('unexpected-response', (_request, { statusCode }) => reject(new Error(`${url}: ${statusCode}`)))
    socket.once('error', reject)
  })
}

function echoed(socket: WebSocket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (code: number) => reject(new Error(`ended with ${code} instead of an echo`))
    socket.once('close', gone)
    socket.once('message', (data) => {
      socket.off('close', gone)
      if (String(data) === text) resolve()
      else reject(new Error('another message came back'))
    })
    socket.send(text)
  })
}

async function follow(order: CrowdOrder): Promise<number> {
  if (order.kind === 'open') {
    const some = await Promise.all(order.urls.map((url) => opened(url, order.headers, order.deflate)))
    return sockets.push(...some)
  }
  if (order.kind === 'talk') {
    // WHY: one after another: a burst would measure queues, not what a socket keeps.
    for (const socket of sockets) await echoed(socket, order.text)
    return sockets.length
  }
  for (const socket of sockets) socket.terminate()
  return sockets.splice(0).length
}

function tell(report: CrowdReport): void {
  process.send?.(report)
}

process.on('message', (order: CrowdOrder) => {
  follow(order).then(
    (done) => tell({ done }),
    (error: unknown) => tell({ failed: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit())
