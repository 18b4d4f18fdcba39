<?php

namespace App\Models;

class Step extends Model
{
    protected $visible = ['id', 'funnel_id', 'name', 'path', 'order', 'type'];
    protected $casts = ['funnel_id' => 'integer', 'type' => 'integer'];
    protected $attributes = ['type' => 1];
}
