<?php

// Laravel 8 predates PHP 8.2 and triggers its deprecations.
error_reporting(E_ALL & ~E_DEPRECATED & ~E_USER_DEPRECATED);

require_once 'Illuminate/autoload.php';

spl_autoload_register(function ($class) {
    if (str_starts_with($class, 'App\\')) {
        require dirname(__DIR__).'/app/'.strtr(substr($class, 4), '\\', '/').'.php';
    }
});

// STORAGE is the directory of one account: its .env file, database, cache and log.
$app = new Illuminate\Foundation\Application(dirname(__DIR__));
$app->useStoragePath($_SERVER['STORAGE']);
$app->useEnvironmentPath($_SERVER['STORAGE']);
$app->singleton(Illuminate\Contracts\Http\Kernel::class, App\Http\Kernel::class);
$app->singleton(Illuminate\Contracts\Console\Kernel::class, App\Console\Kernel::class);
$app->singleton(Illuminate\Contracts\Debug\ExceptionHandler::class, App\Exceptions\Handler::class);

return $app;
