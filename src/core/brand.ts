declare const brand: unique symbol
/** A value of type `T` that only its maker may produce: the name is a proof that it was checked. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** A moment or a duration in whole seconds; moments count from the Unix epoch. */
export type Seconds = Brand<number, 'Seconds'>
/** Public id of a user: a UUID. Upstreams see it as `sub`. */
export type UserId = Brand<string, 'UserId'>
/** Ten random characters that keep all records of one user together: Durable Object shard and Redis hash tag. */
export type Tag = Brand<string, 'Tag'>
/** Store key of a session: `<tag>.<base64url SHA-256 of the secret>`. Never the secret itself. */
export type SessionKey = Brand<string, 'SessionKey'>
/** Public, stable name of a session: audit, leases and assertions use it. 22 base64url characters. */
export type Sid = Brand<string, 'Sid'>
/** Lower-case role name as the policy spells it. */
export type RoleName = Brand<string, 'RoleName'>
/** Permission name such as `players.view`, `play_game` or `admin:users:read`. */
export type Permission = Brand<string, 'Permission'>

/** A moment or duration from a plain number; the caller vouches for the unit. */
export function seconds(value: number): Seconds {
  return value as Seconds
}
