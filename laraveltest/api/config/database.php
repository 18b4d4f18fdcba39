<?php

return [
    'default' => 'sqlite',
    'connections' => [
        'sqlite' => ['driver' => 'sqlite', 'database' => storage_path('account.sqlite'), 'prefix' => '', 'foreign_key_constraints' => true],
    ],
    'migrations' => 'migrations',
    'redis' => [
        'client' => 'phpredis',
        'default' => ['scheme' => 'unix', 'path' => env('REDIS_SOCKET'), 'host' => env('REDIS_SOCKET'), 'port' => 0, 'database' => env('REDIS_DB', 0)],
    ],
];
