<?php

namespace App\Models;

class Subscription extends Model
{
    protected $visible = ['id', 'id_customer', 'email', 'firstname', 'lastname', 'status', 'name', 'amount', 'currency', 'payment_source',
        'rate', 'trial', 'payments_left', 'rebill_date', 'created_at'];
    protected $casts = ['amount' => 'float', 'trial' => 'boolean', 'rebill_date' => 'datetime:Y-m-d H:i:s'];

    public function getPaymentsLeftAttribute($count)
    {
        return $count ?? 'unlimited';
    }
}
