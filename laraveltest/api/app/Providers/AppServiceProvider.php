<?php

namespace App\Providers;

use Illuminate\Database\Connection;
use Illuminate\Database\SQLiteConnection;
use Illuminate\Support\Carbon;
use Illuminate\Support\ServiceProvider;

class AppServiceProvider extends ServiceProvider
{
    public function register()
    {
        // A transaction takes the write lock at its start, by a write without effect. Otherwise SQLite fails with "database is
        // locked" where two requests read a counter and then increment it; MySQL makes the second one wait, as Laravel expects.
        Connection::resolverFor('sqlite', fn (...$arguments) => new class(...$arguments) extends SQLiteConnection
        {
            protected function createTransaction()
            {
                parent::createTransaction();
                $this->getPdo()->exec('DELETE FROM cache WHERE 0');
            }
        });
    }

    public function boot()
    {
        // How many seconds the account's clock is ahead, if a test has moved it.
        if (is_file($ahead = storage_path('ahead'))) {
            Carbon::setTestNow(now()->addSeconds((int) file_get_contents($ahead)));
        }
        $this->app['router']->group([], base_path('routes/api.php'));
        $this->app['router']->group([], base_path('routes/test.php'));
    }
}
