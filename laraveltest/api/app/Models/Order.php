<?php

namespace App\Models;

class Order extends Model
{
    protected $visible = ['id', 'id_order', 'id_customer', 'email', 'firstname', 'lastname', 'type', 'status', 'amount', 'currency', 'created_at'];
    protected $casts = ['amount' => 'float'];
}
