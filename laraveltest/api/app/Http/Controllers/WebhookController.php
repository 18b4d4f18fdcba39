<?php

namespace App\Http\Controllers;

use App\Models\Webhook;
use Illuminate\Http\Request;
use Illuminate\Support\Str;

class WebhookController extends Controller
{
    public function index()
    {
        return $this->success(Webhook::orderBy('id')->get());
    }

    public function store(Request $request)
    {
        $fields = $request->validate(['url' => ['bail', 'required', 'string', 'max:2048', 'url', function ($attribute, $url, $fail) {
            // Plain http is for receivers on this machine.
            if (! preg_match('{^(https://|http://(127\.|localhost|\[::1\]))}i', $url)) {
                $fail("The $attribute must be a valid HTTPS URL.");
            }
        }]]);
        $webhook = $this->save(new Webhook($fields + ['secret' => Str::random(32)]), 'WEBHOOK_EXISTS');

        return $this->success($webhook->only('id', 'url', 'active', 'secret'), 201);
    }

    public function destroy()
    {
        $this->find(Webhook::class, 'webhook_id')->delete();

        return $this->success();
    }
}
