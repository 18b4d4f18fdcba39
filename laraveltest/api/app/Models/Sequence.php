<?php

namespace App\Models;

class Sequence extends Model
{
    protected $visible = ['id', 'name', 'type'];
    protected $attributes = ['type' => 'normal'];

    public function stages()
    {
        return $this->hasMany(Stage::class);
    }
}
