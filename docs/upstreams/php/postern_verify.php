<?php // Who the gateway says is asking: PHP 8.1 or newer with its own openssl, no package. ES256 only.
/** The claims of the player; throws for everything that is not to be believed. $cache: a file that only you can write. */
function postern_verify(string $assertion, string $issuer, string $audience, string $jwks, string $cache): object
{
    $form = preg_match('/^([\w-]{1,999})\.([\w-]{1,7000})\.([\w-]{86})$/D', $assertion, $part);
    [$head, $claims, $rs] = array_map(fn ($i) => base64_decode(strtr($part[$i] ?? '', '-_', '+/')), [1, 2, 3]);
    [$head, $claims] = [json_decode($head), json_decode($claims)];
    $named = $form && [$head->alg ?? 0, gettype($head->kid ?? 0)] === ['ES256', 'string'];
    $int = fn ($n) => chr(2) . chr(strlen($n = ($n[0] >= "\x80" ? "\0" : '') . $n)) . $n; // an integer of ASN.1
    $der = !$named ? '' : $int(ltrim(substr($rs, 0, 32), "\0") ?: "\0") . $int(ltrim(substr($rs, 32), "\0") ?: "\0");
    $key = $named ? postern_key($head->kid, $jwks, $cache) : null;
    $good = $key && openssl_verify("$part[1].$part[2]", '0' . chr(strlen($der)) . $der, $key, OPENSSL_ALGO_SHA256) === 1;
    $now = $good && ($claims->exp ?? 0) > time() - 10 && ($claims->iat ?? INF) < time() + 10 && is_string($claims->sub ?? 0);
    return $now && [$claims->iss ?? 0, $claims->aud ?? 0] === [$issuer, $audience] ? $claims : throw new UnexpectedValueException('not vouched for by the gateway');
}
function postern_key(string $kid, string $jwks, string $cache): ?string // kept for 10 minutes; if unknown, for one
{
    clearstatcache(true, $cache);
    $find = fn () => array_column(json_decode(@file_get_contents($cache) ?: '{}')->keys ?? [], null, 'kid')[$kid] ?? null;
    if ((int) @filemtime($cache) < time() - ($find() ? 600 : 60))
        file_put_contents($cache, file_get_contents($jwks) ?: throw new RuntimeException('the keys do not come'), LOCK_EX);
    $xy = array_map(fn ($name) => base64_decode(strtr($find()->$name ?? '', '-_', '+/')), ['x', 'y']);
    $der = hex2bin('3059301306072a8648ce3d020106082a8648ce3d03010703420004') . implode($xy); // P-256 of X.509
    return strlen($der) === 91 ? "-----BEGIN PUBLIC KEY-----\n" . base64_encode($der) . "\n-----END PUBLIC KEY-----" : null;
}
