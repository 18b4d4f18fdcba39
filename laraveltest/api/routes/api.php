<?php

use App\Http\Controllers as C;
use Illuminate\Support\Facades\Route;

// The operations of api/openapi.yaml. Names and rules are the contract's: where Laravel's
// habit differs, such as 200 for a create, the contract counts.
Route::prefix('v1')->middleware(['throttle:'.config('app.throttle'), 'auth', 'fault'])->group(function () {
    Route::get('contacts', [C\ContactController::class, 'index']);
    Route::get('contact', [C\ContactController::class, 'show']);
    Route::post('contact', [C\ContactController::class, 'store']);
    Route::put('contact', [C\ContactController::class, 'update']);
    Route::delete('contact', [C\ContactController::class, 'destroy']);
    Route::get('contacts-tags', [C\ContactController::class, 'tags']);
    Route::post('contact-tag', [C\ContactController::class, 'addTag']);
    Route::delete('contact-tag', [C\ContactController::class, 'removeTag']);
    Route::post('contact-sequence', [C\ContactController::class, 'enrol']);
    Route::delete('contact-sequence', [C\ContactController::class, 'unenrol']);
    Route::put('contact-custom-field', [C\ContactController::class, 'setCustomField']);
    Route::get('custom-fields', [C\ContactController::class, 'customFields']);

    Route::get('tags', [C\TagController::class, 'index']);
    Route::get('tags-contacts', [C\TagController::class, 'contacts']);
    Route::post('tag', [C\TagController::class, 'store']);
    Route::put('tag', [C\TagController::class, 'update']);
    Route::delete('tag', [C\TagController::class, 'destroy']);

    Route::get('sequences', [C\SequenceController::class, 'index']);
    Route::post('sequence', [C\SequenceController::class, 'store']);
    Route::put('sequence', [C\SequenceController::class, 'update']);
    Route::delete('sequence', [C\SequenceController::class, 'destroy']);
    Route::post('sequence-stage', [C\SequenceController::class, 'storeStage']);
    Route::put('sequence-stage', [C\SequenceController::class, 'updateStage']);
    Route::delete('sequence-stage', [C\SequenceController::class, 'destroyStage']);
    Route::put('sequence-stage-content', [C\SequenceController::class, 'setStageContent']);

    Route::get('funnels', [C\FunnelController::class, 'index']);
    Route::post('funnel', [C\FunnelController::class, 'store']);
    Route::put('funnel', [C\FunnelController::class, 'update']);
    Route::delete('funnel', [C\FunnelController::class, 'destroy']);
    Route::post('funnel-step', [C\FunnelController::class, 'storeStep']);
    Route::put('funnel-step', [C\FunnelController::class, 'updateStep']);
    Route::delete('funnel-step', [C\FunnelController::class, 'destroyStep']);

    Route::get('campaigns', [C\CampaignController::class, 'index']);
    Route::get('campaign', [C\CampaignController::class, 'show']);
    Route::post('campaign', [C\CampaignController::class, 'store']);
    Route::put('campaign', [C\CampaignController::class, 'update']);
    Route::delete('campaign', [C\CampaignController::class, 'destroy']);
    Route::post('campaign-schedule', [C\CampaignController::class, 'schedule']);
    Route::delete('campaign-schedule', [C\CampaignController::class, 'unschedule']);

    Route::get('webhooks', [C\WebhookController::class, 'index']);
    Route::post('webhook', [C\WebhookController::class, 'store']);
    Route::delete('webhook', [C\WebhookController::class, 'destroy']);

    Route::get('orders', [C\SalesController::class, 'orders']);
    Route::get('order', [C\SalesController::class, 'order']);
    Route::get('transactions', [C\SalesController::class, 'transactions']);
    Route::get('subscriptions', [C\SalesController::class, 'subscriptions']);
    Route::get('sales-amount', [C\SalesController::class, 'amount']);
});
