<?php

namespace App\Models;

class Campaign extends Model
{
    protected $visible = ['id', 'name', 'subject', 'from_name', 'from_email', 'status', 'sent_to', 'recipients_count', 'sent_at',
        'scheduled_for', 'created_at'];
    protected $casts = ['sent_at' => 'datetime', 'scheduled_for' => 'datetime'];
    protected $attributes = ['status' => 'draft', 'sent_to' => 0, 'recipients_count' => 0];

    /** What a scheduled command does in production. No mail is sent. */
    public static function sendDue()
    {
        $n = fn () => Contact::where('email_marketing', true)->count();
        static::where('status', 'scheduled')->where('scheduled_for', '<=', now())->get()->each(fn ($campaign) => $campaign->update([
            'status' => 'sent', 'sent_at' => $campaign->scheduled_for, 'sent_to' => $n(), 'recipients_count' => $n(),
        ]));
    }
}
