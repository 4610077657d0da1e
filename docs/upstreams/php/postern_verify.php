<?php // Who the gateway says is asking: PHP 8.1 or newer with its own openssl, and its own sodium for EdDSA; no package.
/** The claims of the player; throws for everything that is not to be believed. $cache: a file that only you can write. */
function postern_verify(string $assertion, string $issuer, string $audience, string $jwks, string $cache): object {
    $form = preg_match('/^([\w-]{1,999})\.([\w-]{1,7000})\.([\w-]{86})$/D', $assertion, $part);
    [$head, $claims, $rs] = array_map(fn ($i) => base64_decode(strtr($part[$i] ?? '', '-_', '+/')), [1, 2, 3]);
    [$head, $claims] = [json_decode($head), json_decode($claims)];
    $key = $form && is_string($head->kid ?? 0) ? postern_key($head->kid, $jwks, $cache) : null;
    $good = $key && ($head->alg ?? 0) === $key->alg && postern_signed("$part[1].$part[2]", $rs, $key) && ($claims->exp ?? 0) > time() - 10 && ($claims->iat ?? INF) < time() + 10 && is_string($claims->sub ?? 0);
    return $good && [$claims->iss ?? 0, $claims->aud ?? 0] === [$issuer, $audience] ? $claims : throw new InvalidArgumentException('not vouched for by the gateway');
}
function postern_signed(string $text, string $rs, object $key): bool { // the algorithm is the key's, never the assertion's
    [$x, $y] = array_map(fn ($name) => base64_decode(strtr($key->$name ?? '', '-_', '+/')), ['x', 'y']);
    if ($key->alg === 'EdDSA') return strlen($x) === 32 && sodium_crypto_sign_verify_detached($rs, $text, $x);
    $int = fn ($n) => chr(2) . chr(strlen($n = (($n[0] ?? "\x80") >= "\x80" ? "\0" : '') . $n)) . $n; // an integer of ASN.1
    $der = $int(ltrim(substr($rs, 0, 32), "\0")) . $int(ltrim(substr($rs, 32), "\0"));
    $pem = base64_encode(hex2bin('3059301306072a8648ce3d020106082a8648ce3d03010703420004') . $x . $y); // P-256 of X.509
    return $key->alg === 'ES256' && openssl_verify($text, '0' . chr(strlen($der)) . $der, "-----BEGIN PUBLIC KEY-----\n$pem\n-----END PUBLIC KEY-----", OPENSSL_ALGO_SHA256) === 1;
}
function postern_key(string $kid, string $jwks, string $cache): ?object { // kept for 10 minutes; if unknown, for one
    clearstatcache(true, $cache);
    $find = fn () => array_column(json_decode(@file_get_contents($cache) ?: '{}')->keys ?? [], null, 'kid')[$kid] ?? null;
    $text = (int) @filemtime($cache) < time() - ($find() ? 600 : 60) ? (string) @file_get_contents($jwks, context: stream_context_create(['http' => ['timeout' => 5]])) : null;
    $text === null || isset(json_decode($text)->keys) && file_put_contents($new = tempnam(dirname($cache), 'new'), $text) && rename($new, $cache) || throw new RuntimeException('the keys do not come');
    return $find();
}
