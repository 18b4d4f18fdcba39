<?php

use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Database\Schema\Grammars\SQLiteGrammar;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Schema;

return new class extends Migration
{
    public $withinTransaction = false;

    public function up()
    {
        DB::statement('PRAGMA journal_mode=WAL');
        SQLiteGrammar::macro('typeNocase', fn () => 'varchar collate nocase'); // as MySQL compares by default
        Schema::create('users', function (Blueprint $t) {
            $t->id();
            $t->string('api_key')->unique();
        });
        DB::table('users')->insert([['api_key' => 'laravel-key'], ['api_key' => 'other-laravel-key']]);
        $this->table('contacts', function (Blueprint $t) {
            $t->addColumn('nocase', 'email');
            $t->string('first_name')->nullable();
            $t->string('last_name')->nullable();
            $t->boolean('email_marketing');
            $t->boolean('gdpr');
            $t->unique(['user_id', 'email']);
        });
        $this->table('custom_fields', function (Blueprint $t) {
            $t->string('name');
            $t->string('type');
            $t->string('values')->nullable(); // comma-separated
        });
        $this->table('tags', function (Blueprint $t) {
            $t->addColumn('nocase', 'name');
            $t->unique(['user_id', 'name']);
        });
        $this->table('sequences', function (Blueprint $t) {
            $t->string('name');
            $t->string('type');
        });
        $this->table('stages', function (Blueprint $t) {
            $t->foreignId('sequence_id')->constrained()->cascadeOnDelete();
            $t->integer('step');
            $t->string('name');
            $t->string('stage_type');
            $t->integer('time_value');
            $t->integer('time_type');
            $t->string('subject')->nullable();
            $t->text('body')->nullable();
        });
        $this->table('funnels', function (Blueprint $t) {
            $t->string('name');
            $t->integer('type');
        });
        $this->table('steps', function (Blueprint $t) {
            $t->foreignId('funnel_id')->constrained()->cascadeOnDelete();
            $t->string('name');
            $t->string('path');
            $t->integer('order');
            $t->integer('type');
            $t->unique(['funnel_id', 'path']);
        });
        $this->table('campaigns', function (Blueprint $t) {
            $t->string('name');
            $t->string('subject')->nullable();
            $t->string('from_name')->nullable();
            $t->string('from_email')->nullable();
            $t->string('status');
            $t->integer('sent_to');
            $t->integer('recipients_count');
            $t->timestamp('sent_at')->nullable();
            $t->timestamp('scheduled_for')->nullable();
        });
        $this->table('webhooks', function (Blueprint $t) {
            $t->string('url');
            $t->boolean('active');
            $t->string('secret');
            $t->unique(['user_id', 'url']);
        });
        $this->table('orders', function (Blueprint $t) {
            $t->string('id_order')->unique();
            $t->integer('id_customer');
            $t->string('email');
            $t->string('firstname')->nullable();
            $t->string('lastname')->nullable();
            $t->string('type');
            $t->string('status');
            $t->decimal('amount', 12, 2);
            $t->string('currency');
        });
        $this->table('transactions', function (Blueprint $t) {
            $t->string('id_transaction');
            $t->string('id_order');
            $t->integer('id_invoice');
            $t->integer('id_customer');
            $t->string('status');
            $t->string('type');
            $t->decimal('amount', 12, 2);
            $t->string('currency');
        });
        $this->table('subscriptions', function (Blueprint $t) {
            $t->integer('id_customer');
            $t->string('email');
            $t->string('firstname')->nullable();
            $t->string('lastname')->nullable();
            $t->string('status');
            $t->string('name');
            $t->decimal('amount', 12, 2);
            $t->string('currency');
            $t->string('payment_source');
            $t->string('rate');
            $t->boolean('trial');
            $t->integer('payments_left')->nullable(); // null: unlimited
            $t->timestamp('rebill_date');
        });
        $this->link('contact_tag', 'contact_id', 'tag_id');
        $this->link('contact_sequence', 'contact_id', 'sequence_id');
        $this->link('contact_custom_field', 'contact_id', 'custom_field_id', fn (Blueprint $t) => $t->text('value'));
        Schema::create('cache', function (Blueprint $t) { // as artisan cache:table makes it
            $t->string('key')->unique();
            $t->mediumText('value');
            $t->integer('expiration');
        });
    }

    private function table($name, $columns)
    {
        Schema::create($name, function (Blueprint $t) use ($columns) {
            $t->id();
            $t->foreignId('user_id');
            $t->timestamps();
            $columns($t);
        });
    }

    private function link($name, $first, $second, $columns = null)
    {
        Schema::create($name, function (Blueprint $t) use ($first, $second, $columns) {
            $t->foreignId($first)->constrained()->cascadeOnDelete();
            $t->foreignId($second)->constrained()->cascadeOnDelete();
            $t->primary([$first, $second]);
            $columns && $columns($t);
        });
    }
};
