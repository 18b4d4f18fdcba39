<?php

namespace App\Models;

class Transaction extends Model
{
    protected $visible = ['id', 'id_transaction', 'id_order', 'id_invoice', 'id_customer', 'status', 'type', 'amount', 'currency', 'created_at'];
    protected $casts = ['amount' => 'float'];
}
