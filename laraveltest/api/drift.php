<?php

// Laravel's RateLimiter on its file store, alone: the counter can outlive its timer.
//
// FileStore::increment reads how many seconds the counter has left, and writes them back counted from then. If a
// second ends in between, the counter ends one second later than its timer, and its count goes on in the next window.
// This program makes that happen: the file system stops between the reading and the writing until the second is over.
//
//   php drift.php <directory> <limit> <used> <seconds>
//
// The first window is used by <used> of <limit> requests. The program prints JSON: by how many seconds the counter
// outlives the timer, how many requests the next window accepts before the first rejection, its Retry-After, and after
// how many seconds requests are accepted again.

error_reporting(E_ALL & ~E_DEPRECATED & ~E_USER_DEPRECATED);
require_once 'Illuminate/autoload.php';

$files = new class extends Illuminate\Filesystem\Filesystem
{
    public $until = 0;

    public function exists($path)
    {
        while (microtime(true) < $this->until);

        return parent::exists($path);
    }
};
[, $directory, $limit, $used, $seconds] = $argv;
$store = new Illuminate\Cache\FileStore($files, $directory);
$limiter = new Illuminate\Cache\RateLimiter(new Illuminate\Cache\Repository($store));
$end = function ($key) use ($directory) {
    $hash = sha1($key);

    return (int) file_get_contents("$directory/".substr($hash, 0, 2).'/'.substr($hash, 2, 2)."/$hash", false, null, 0, 10);
};
$waitFor = function ($moment) {
    while (microtime(true) < $moment) {
        usleep(1000);
    }
};

$waitFor(ceil(microtime(true)));
for ($i = 1; $i < $used; $i++) {
    $limiter->hit('key', $seconds);
}
$files->until = floor(microtime(true)) + 1;
$store->increment('key'); // the last hit of the window, in which a second ends
$files->until = 0;
$drift = $end('key') - $end('key:timer');

$waitFor($end('key:timer') + 0.05);
for ($accepted = 0; ! $limiter->tooManyAttempts('key', $limit); $accepted++) {
    $limiter->hit('key', $seconds);
}
$rejected = microtime(true);
$retryAfter = $limiter->availableIn('key');
while ($limiter->tooManyAttempts('key', $limit)) {
    usleep(1000);
}
echo json_encode(['drift' => $drift, 'accepted' => $accepted, 'retry_after' => $retryAfter, 'rejected_for' => round(microtime(true) - $rejected, 3)]), "\n";
