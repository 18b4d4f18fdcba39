<?php

namespace App\Http\Middleware;

/** Accepts requests from this machine only. */
class Loopback
{
    public function handle($request, $next)
    {
        abort_unless(in_array($request->ip(), ['127.0.0.1', '::1']), 403);

        return $next($request);
    }
}
