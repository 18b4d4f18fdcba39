<?php

namespace App\Models;

/** A row of an account: queries see those of the request's API key only. $visible is what lists show. */
abstract class Model extends \Illuminate\Database\Eloquent\Model
{
    protected $guarded = [];

    protected static function booted()
    {
        static::addGlobalScope('account', fn ($query) => $query->where($query->qualifyColumn('user_id'), auth()->id()));
        static::creating(fn ($row) => $row->user_id = auth()->id());
    }
}
