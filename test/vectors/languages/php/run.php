<?php // Judges every vector of a file with docs/upstreams/php/postern_verify.php.
require getenv('POSTERN_VERIFIER');
error_reporting(E_ALL);
set_error_handler(fn ($level, $text) => error_reporting() & $level ? throw new ErrorException($text) : false);

$cache = tempnam(sys_get_temp_dir(), 'postern-keys-');
unlink($cache);
$said = [];
foreach (json_decode(file_get_contents($argv[1]))->vectors as $vector) {
    try {
        $settings = [getenv('POSTERN_ISSUER'), getenv('POSTERN_AUDIENCE'), getenv('POSTERN_JWKS'), $cache];
        $said[] = ['name' => $vector->name, 'verdict' => 'user', 'sub' => postern_verify($vector->token, ...$settings)->sub];
    } catch (InvalidArgumentException $problem) {
        $said[] = ['name' => $vector->name, 'verdict' => 'refused', 'why' => $problem->getMessage()];
    }
}
unlink($cache);
echo json_encode($said);
