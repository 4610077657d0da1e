declare module '*/.postern/policies.json' {
  import type { PolicyBundle } from '../policy/model.ts'

  const bundle: PolicyBundle
  export default bundle
}
