<?php

namespace App\Http\Controllers;

use App\Exceptions\ApiException;
use App\Models\Contact;
use App\Models\CustomField;
use App\Models\Sequence;
use App\Models\Tag;
use Illuminate\Http\Request;

class ContactController extends Controller
{
    const FIELDS = ['first_name' => self::TEXT, 'last_name' => self::TEXT, 'email_marketing' => 'boolean', 'gdpr' => 'boolean'];

    public function index()
    {
        return $this->page($this->filtered(Contact::query()));
    }

    public function show()
    {
        $contact = $this->contact();

        return $this->success($contact->makeHidden('created_at')->attributesToArray() + [
            'tags' => $contact->tags->pluck('id'),
            'sequences' => $contact->sequences->pluck('id'),
        ]);
    }

    public function store(Request $request)
    {
        [$tags, $sequences] = [$this->ids('tag_ids'), $this->ids('sequence_ids')];
        $contact = new Contact($request->validate(self::FIELDS + ['email' => 'bail|required|string|email|max:255']));
        foreach ($tags as $id) {
            Tag::findOrFail($id);
        }
        foreach ($sequences as $id) {
            Sequence::findOrFail($id);
        }
        $this->save($contact, 'CONTACT_EXISTS');
        $contact->tags()->sync($tags);
        $contact->sequences()->sync($sequences);

        return $this->success(['id' => $contact->id], 201);
    }

    public function update(Request $request)
    {
        $contact = $this->contact();
        $contact->update($request->validate(self::FIELDS));

        return $this->success(['id' => $contact->id]);
    }

    public function destroy()
    {
        $this->contact()->delete();

        return $this->success();
    }

    public function tags()
    {
        return $this->success($this->contact()->tags->makeHidden('pivot'));
    }

    public function addTag()
    {
        $contact = $this->contact(['tag_id' => 'required|integer']);
        $tag = $this->find(Tag::class, 'tag_id');
        $contact->tags()->syncWithoutDetaching($tag);

        return $this->success(['contact_id' => $contact->id, 'tag_id' => $tag->id]);
    }

    public function removeTag()
    {
        $contact = $this->contact(['tag_id' => 'required|integer']);
        $contact->tags()->detach($this->find(Tag::class, 'tag_id'));

        return $this->success();
    }

    public function enrol()
    {
        $contact = $this->contact(['sequence_id' => 'required|integer']);
        $sequence = $this->find(Sequence::class, 'sequence_id');
        if (! $sequence->stages()->exists()) {
            throw new ApiException('SEQUENCE_HAS_NO_STAGES');
        }
        $contact->sequences()->syncWithoutDetaching($sequence);

        return $this->success(['contact_id' => $contact->id, 'sequence_id' => $sequence->id]);
    }

    public function unenrol()
    {
        $contact = $this->contact(['sequence_id' => 'required|integer']);
        $contact->sequences()->detach($this->find(Sequence::class, 'sequence_id'));

        return $this->success();
    }

    public function setCustomField(Request $request)
    {
        $contact = $this->contact(['custom_field_id' => 'required|integer', 'value' => 'required|string|max:1000']);
        $field = $this->find(CustomField::class, 'custom_field_id');
        $contact->customFields()->syncWithoutDetaching([$field->id => ['value' => $request->input('value')]]);

        return $this->success(['contact_id' => $contact->id, 'custom_field_id' => $field->id, 'value' => $request->input('value')]);
    }

    public function customFields()
    {
        return $this->success(CustomField::orderBy('id')->get());
    }
}
