<?php

namespace App\Models;

class Webhook extends Model
{
    protected $visible = ['id', 'url', 'active', 'created_at'];
    protected $casts = ['active' => 'boolean'];
    protected $attributes = ['active' => true];
}
