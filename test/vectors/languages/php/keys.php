<?php // How docs/upstreams/php/postern_verify.php tells refusals from keys that do not come, and keeps its keys.
require getenv('POSTERN_VERIFIER');

[, $good, $issuer, $down] = $argv;
$settings = [$issuer, 'rooms', getenv('POSTERN_JWKS')];
mkdir($folder = sys_get_temp_dir() . '/postern-keys-' . bin2hex(random_bytes(8)), 0700);
$cache = "$folder/keys.json";
$expire = fn () => touch($cache, time() - 601);

function said(callable $ask): string {
    try {
        return $ask()->sub;
    } catch (RuntimeException) {
        return 'keys did not come';
    } catch (Exception) {
        return 'refused';
    }
}

$said['forged'] = said(fn () => postern_verify('forged', ...[...$settings, $cache]));
$said['down'] = said(fn () => postern_verify($good, $issuer, 'rooms', $down, $cache));
$said['good'] = said(fn () => postern_verify($good, ...[...$settings, $cache]));
$reader = fopen($cache, 'r');
$expire();
$said['renewed'] = said(fn () => postern_verify($good, ...[...$settings, $cache]));
$said['read while renewed'] = json_decode(stream_get_contents($reader))->fetch;
$said['kept'] = json_decode(file_get_contents($cache))->fetch;
$expire();
$said['no keys'] = said(fn () => postern_verify($good, ...[...$settings, $cache]));
$said['kept then'] = json_decode(file_get_contents($cache))->fetch ?? 'lost';
$said['files'] = array_values(array_diff(scandir($folder), ['.', '..']));
array_map(unlink(...), glob("$folder/*"));
rmdir($folder);
echo json_encode($said);
