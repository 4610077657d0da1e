<?php // Who the gateway says is asking: composer require firebase/php-jwt guzzlehttp/guzzle symfony/cache
use Firebase\JWT\{CachedKeySet, JWT};

JWT::$leeway = 10;

/** The claims of the player; throws for everything that is not to be believed. */
function postern_verify(string $assertion, CachedKeySet $keys, string $issuer, string $audience): stdClass
{
    $claims = JWT::decode($assertion, $keys); // the algorithm is the one of the published key
    foreach (['iss' => $issuer, 'aud' => $audience] as $name => $wanted) {
        if (($claims->$name ?? null) !== $wanted) throw new UnexpectedValueException("claim $name");
    }
    if (!isset($claims->sub, $claims->iat, $claims->exp)) throw new UnexpectedValueException('claims are missing');
    return $claims;
}

/** The keys: kept for 10 minutes, unknown key ids are limited to 10 look-ups a minute. */
function postern_keys(string $issuer): CachedKeySet
{
    $cache = new Symfony\Component\Cache\Adapter\FilesystemAdapter('postern');
    return new CachedKeySet("$issuer/.well-known/jwks.json", new GuzzleHttp\Client(), new GuzzleHttp\Psr7\HttpFactory(), $cache, 600, true);
}
