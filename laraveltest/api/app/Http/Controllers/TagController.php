<?php

namespace App\Http\Controllers;

use App\Models\Tag;
use Illuminate\Http\Request;

class TagController extends Controller
{
    public function index()
    {
        return $this->page(Tag::orderBy('id'));
    }

    public function contacts()
    {
        $contacts = $this->find(Tag::class, 'tag_id')->contacts()->orderBy('contacts.id');

        return $this->page($contacts, ['email_marketing', 'gdpr', 'created_at']);
    }

    public function store(Request $request)
    {
        $tag = $this->save(new Tag($request->validate(['name' => self::NAME])), 'TAG_EXISTS');

        return $this->success($tag->only('id', 'name'), 201);
    }

    public function update(Request $request)
    {
        $tag = $this->find(Tag::class, 'tag_id');
        $this->save($tag->fill($request->validate(['name' => 'sometimes|'.self::NAME])), 'TAG_EXISTS');

        return $this->success($tag->only('id'));
    }

    public function destroy()
    {
        $this->find(Tag::class, 'tag_id')->delete();

        return $this->success();
    }
}
