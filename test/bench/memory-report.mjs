// Loaded into a process under measurement (`node --expose-gc --import`): tells its memory, after collection, on SIGUSR2.
process.on('SIGUSR2', () => {
  for (let round = 0; round < 4; round++) globalThis.gc()
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage()
  process.stdout.write(`${JSON.stringify({ memory: { rss, heapUsed, external, arrayBuffers } })}\n`)
})
