<?php

namespace App\Models;

class Funnel extends Model
{
    protected $visible = ['id', 'name', 'type', 'steps'];
    protected $casts = ['type' => 'integer'];
    protected $attributes = ['type' => 0];

    public function steps()
    {
        return $this->hasMany(Step::class)->orderBy('id');
    }
}
