<?php

namespace App\Models;

class Contact extends Model
{
    protected $visible = ['id', 'email', 'first_name', 'last_name', 'email_marketing', 'gdpr', 'created_at'];
    protected $casts = ['email_marketing' => 'boolean', 'gdpr' => 'boolean'];
    protected $attributes = ['email_marketing' => false, 'gdpr' => false];

    public function tags()
    {
        return $this->belongsToMany(Tag::class)->orderBy('tags.id');
    }

    public function sequences()
    {
        return $this->belongsToMany(Sequence::class)->orderBy('sequences.id');
    }

    public function customFields()
    {
        return $this->belongsToMany(CustomField::class)->withPivot('value');
    }
}
