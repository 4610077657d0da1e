declare module '*/.postern/policies.json' {
  import type { PolicyBundle } from '../policy/model.ts'

  const bundle: PolicyBundle
  /** The compiled policies of this deployment. */
  export default bundle
}
