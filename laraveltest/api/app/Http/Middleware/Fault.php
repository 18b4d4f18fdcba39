<?php

namespace App\Http\Middleware;

use Illuminate\Auth\Access\AuthorizationException;

/**
 * Something that goes wrong in the application, once for each file in the directory faults. The file's name ends
 * in the fault's name. The middleware runs behind the throttle, so the request has been counted.
 */
class Fault
{
    public function handle($request, $next)
    {
        switch ($this->take()) {
            case 'forbidden':
                throw new AuthorizationException;
            case 'exception':
                throw new \RuntimeException('a fault on demand');
            case 'fatal': // out of memory: PHP itself ends the request
                ini_set('memory_limit', memory_get_usage() + (2 << 20));
                str_repeat('x', 64 << 20);
            case 'crash': // the worker dies, before the request takes effect or after
                posix_kill(getmypid(), 9);
            case 'crash-after':
                $next($request);
                posix_kill(getmypid(), 9);
            case 'slow-after':
                $response = $next($request);
                sleep(3); // longer than nginx waits where the base path ends in /hasty

                return $response;
            case 'truncate': // the worker dies in the middle of the body
                $response = $next($request);
                $body = $response->getContent();
                http_response_code($response->getStatusCode());
                header('X-Accel-Buffering: no'); // so that nginx sends what it has
                header('Content-Type: application/json');
                header('Content-Length: '.strlen($body));
                echo substr($body, 0, intdiv(strlen($body), 2));
                while (ob_get_level() > 0) {
                    ob_end_flush();
                }
                flush();
                posix_kill(getmypid(), 9);
            case 'warning': // with display_errors PHP prints its warnings into the response
                ini_set('display_errors', '1');
                echo "<br />\n<b>Warning</b>:  Undefined variable \$total in <b>/srv/app.php</b> on line <b>7</b><br />\n";
        }

        return $next($request);
    }

    /** The next fault, or null. Of concurrent requests one succeeds in removing the file. */
    private function take()
    {
        foreach (glob(storage_path('faults/*')) as $file) {
            if (@unlink($file)) {
                return substr(strrchr($file, '.'), 1);
            }
        }
    }
}
