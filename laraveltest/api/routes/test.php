<?php

use App\Models;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Route;

// What the tests need and the API does not have.
Route::prefix('test')->middleware(['loopback', 'auth'])->group(function () {
    /** Inserts a row of a model. */
    Route::post('seed/{model}', function (Request $request, $model) {
        $class = 'App\\Models\\'.$model;
        $row = new $class;

        return ['id' => tap($row->forceFill($request->input()))->save()->id];
    });

    /** Posts the request's body to the active webhooks on this machine, signed as the API's reference says. */
    Route::post('deliver', fn (Request $request) => Models\Webhook::where('active', true)->get()
        ->filter(fn ($webhook) => in_array(parse_url($webhook->url, PHP_URL_HOST), ['127.0.0.1', 'localhost', '[::1]']))
        ->map(function ($webhook) use ($request) {
            $context = stream_context_create(['http' => [
                'method' => 'POST',
                'header' => ['Content-Type: application/json', config('app.signature_header').': '.hash_hmac('sha256', $request->getContent(), $webhook->secret)],
                'content' => $request->getContent(),
                'ignore_errors' => true,
                'follow_location' => 0,
                'timeout' => 10,
            ]]);
            @file_get_contents($webhook->url, false, $context);

            return ['webhook_id' => $webhook->id, 'status' => (int) substr($http_response_header[0] ?? '', 9, 3)];
        })->values());

    /** What the API cannot show. */
    Route::get('custom-field-value', fn (Request $request) => [
        'value' => Models\Contact::findOrFail($request->contact_id)->customFields()->find($request->custom_field_id)->pivot->value ?? '',
    ]);

    Route::post('reset', function () {
        // sqlite_sequence, which is one of the tables, holds the last ids.
        $tables = DB::select("select name from sqlite_master where type = 'table' and name not in ('migrations', 'users')");
        collect($tables)->each(fn ($table) => DB::table($table->name)->delete());
        cache()->flush();
    });
});
